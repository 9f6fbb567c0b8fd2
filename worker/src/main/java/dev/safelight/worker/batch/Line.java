package dev.safelight.worker.batch;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Members of one group, and when their next call should leave. Solo members stand in a line of their own. */
final class Line {
    /** The longest that a call waits for walks that are still on the host. */
    static final long MOST_PATIENCE_NANOS = 2_000_000;

    /** Below this, waiting costs more than it brings. */
    private static final long LEAST_PATIENCE_NANOS = 200_000;

    private static final double PATIENCE = 0.05;

    private final Network network;
    private final boolean solo;
    private final List<Member> waiting = new ArrayList<>();
    private int members;
    private int computing;
    private int waitingRows;
    private int mostRows;
    private long waitingSince;
    private double predictedNanos = Double.MAX_VALUE;
    private long lastLaunch;

    Line(Network network, boolean solo) {
        this.network = network;
        this.solo = solo;
        this.mostRows = network.maxRows();
    }

    void join(Member member) {
        members++;
        computing++;
        member.phase = Member.Phase.COMPUTING;
    }

    void submit(Member member, List<Row> rows, long now) {
        if (waiting.isEmpty()) {
            waitingSince = now;
        }
        computing--;
        member.phase = Member.Phase.WAITING;
        member.rows = rows;
        waiting.add(member);
        waitingRows += rows.size();
    }

    /** Takes back rows that wait. */
    void withdraw(Member member) {
        waiting.remove(member);
        waitingRows -= member.rows.size();
        compute(member);
    }

    void compute(Member member) {
        computing++;
        member.phase = Member.Phase.COMPUTING;
        member.rows = List.of();
    }

    void leave(Member member) {
        members--;
        computing--;
        member.phase = Member.Phase.AWAY;
    }

    Network network() {
        return network;
    }

    boolean empty() {
        return members == 0;
    }

    boolean someoneWaits() {
        return !waiting.isEmpty();
    }

    boolean someoneComputes() {
        return computing > 0;
    }

    /** The gather rule: nobody is left to wait for, or no room for more, or patience has run out. */
    boolean ready(long now, long deviceFreeSince) {
        return !waiting.isEmpty()
                && (solo || computing == 0 || waitingRows >= mostRows || now - deadline(deviceFreeSince) >= 0);
    }

    long deadline(long deviceFreeSince) {
        return Math.max(waitingSince, deviceFreeSince) + patience();
    }

    long patience() {
        return Math.clamp((long) (PATIENCE * predictedNanos), LEAST_PATIENCE_NANOS, MOST_PATIENCE_NANOS);
    }

    int highestPriority() {
        return waiting.stream()
                .mapToInt(member -> member.ticket.priority().rank())
                .max()
                .orElse(-1);
    }

    long lastLaunch() {
        return lastLaunch;
    }

    /** Chooses the rows of a call: by priority, then tenant share, then age. */
    List<Member> launch(long number, TenantShares shares) {
        lastLaunch = number;
        List<Member> chosen = new ArrayList<>();
        if (!solo && waitingRows <= mostRows) {
            chosen.addAll(waiting);
            chosen.forEach(member -> shares.serve(member.ticket.tenant(), member.rows.size()));
            waiting.clear();
        } else {
            choose(chosen, shares);
        }
        for (Member member : chosen) {
            waitingRows -= member.rows.size();
            member.phase = Member.Phase.RUNNING;
            member.lastCall = number;
        }
        return chosen;
    }

    private void choose(List<Member> chosen, TenantShares shares) {
        // Age is first the time since a walk's last call, so that no walk waits for another to finish.
        Comparator<Member> order = Comparator.<Member>comparingInt(
                        member -> -member.ticket.priority().rank())
                .thenComparingLong(member -> shares.served(member.ticket.tenant()))
                .thenComparingLong(member -> member.lastCall)
                .thenComparingLong(member -> member.ticket.age());
        int room = mostRows;
        while (true) {
            Member next = null;
            for (Member member : waiting) {
                // An evaluation larger than the limit can only run in a call of its own.
                boolean fits = member.rows.size() <= room || chosen.isEmpty();
                if (fits && (next == null || order.compare(member, next) < 0)) {
                    next = member;
                }
            }
            if (next == null || solo && !chosen.isEmpty()) {
                return;
            }
            waiting.remove(next);
            chosen.add(next);
            room -= next.rows.size();
            shares.serve(next.ticket.tenant(), next.rows.size());
        }
    }

    /** A smoothed duration of a call, the base of {@link #patience}. */
    void observe(long nanos) {
        predictedNanos = predictedNanos == Double.MAX_VALUE ? nanos : 0.8 * predictedNanos + 0.2 * nanos;
    }

    /** The device could not hold this many rows: later calls stay below. */
    void tooLarge(int rows) {
        mostRows = Math.max(1, Math.min(mostRows, rows / 2));
    }
}
