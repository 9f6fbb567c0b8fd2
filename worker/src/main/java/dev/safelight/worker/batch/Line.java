package dev.safelight.worker.batch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Members of one group, and when their next call should leave. Solo members stand in a line of their own. */
final class Line {
    /** The longest that a call waits for walks that are still on the host. */
    static final long MOST_PATIENCE_NANOS = 2_000_000;

    /** Below this, waiting costs more than it brings. */
    private static final long LEAST_PATIENCE_NANOS = 200_000;

    private static final double PATIENCE = 0.05;

    /** Two measured times that are nearer to each other than this are the same. */
    private static final double NOISE = 1.05;

    private final Network network;
    private final boolean solo;
    private final TenantShares shares;
    private final CallTimes times;
    private final List<Member> waiting = new ArrayList<>();
    private final Set<Member> computing = new LinkedHashSet<>();
    private int members;
    private int waitingRows;
    private int mostRows;
    private long waitingSince;
    private double predictedNanos = Double.MAX_VALUE;
    private long lastLaunch;

    /** @param times of the network's calls; they outlive the line */
    Line(Network network, boolean solo, TenantShares shares, CallTimes times) {
        this.times = times;
        this.network = network;
        this.solo = solo;
        this.shares = shares;
        this.mostRows = network.maxRows();
    }

    void join(Member member) {
        members++;
        computing.add(member);
        member.phase = Member.Phase.COMPUTING;
    }

    void submit(Member member, List<Row> rows, long now) {
        if (waiting.isEmpty()) {
            waitingSince = now;
        }
        computing.remove(member);
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
        computing.add(member);
        member.phase = Member.Phase.COMPUTING;
        member.rows = List.of();
    }

    void leave(Member member) {
        members--;
        computing.remove(member);
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
        return !computing.isEmpty();
    }

    /** The gather rule: nobody is left worth waiting for, or patience has run out. */
    boolean ready(long now, long deviceFreeSince) {
        if (waiting.isEmpty()) {
            return false;
        }
        boolean full = solo || waitingRows >= mostRows;
        return computing.isEmpty() || full && !outranked() || now - deadline(deviceFreeSince) >= 0;
    }

    /** Whether someone on the host would take the place of someone who waits. */
    private boolean outranked() {
        Comparator<Member> standing = standing();
        return standing.compare(Collections.min(computing, standing), Collections.max(waiting, standing)) < 0;
    }

    /** By priority, then by what the tenant has had. */
    private Comparator<Member> standing() {
        return Comparator.<Member>comparingInt(
                        member -> -member.ticket.priority().rank())
                .thenComparingDouble(member -> shares.served(member.ticket.tenant()));
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
    List<Member> launch(long number) {
        lastLaunch = number;
        List<Member> chosen = new ArrayList<>();
        if (!solo && waitingRows <= mostRows && ofOneTenant()) {
            chosen.addAll(waiting);
            chosen.forEach(member -> shares.serve(member.ticket.tenant(), member.rows.size()));
            waiting.clear();
        } else {
            choose(chosen);
        }
        for (Member member : chosen) {
            waitingRows -= member.rows.size();
            member.phase = Member.Phase.RUNNING;
            member.lastCall = number;
        }
        return chosen;
    }

    private void choose(List<Member> chosen) {
        // Age is first the time since a walk's last call, so that no walk waits for another to finish.
        Comparator<Member> order = standing()
                .thenComparingLong(member -> member.lastCall)
                .thenComparingLong(member -> member.ticket.age());
        int room = mostRows;
        Map<String, Integer> rowsOfTenant = new HashMap<>();
        while (true) {
            Member next = null;
            for (Member member : waiting) {
                // An evaluation larger than the limit can only run in a call of its own.
                boolean fits = member.rows.size() <= room || chosen.isEmpty();
                if (fits && (next == null || order.compare(member, next) < 0)) {
                    next = member;
                }
            }
            if (next == null || solo && !chosen.isEmpty() || !chosen.isEmpty() && slowsOthers(next, rowsOfTenant)) {
                return;
            }
            waiting.remove(next);
            rowsOfTenant.merge(next.ticket.tenant(), next.rows.size(), Integer::sum);
            chosen.add(next);
            room -= next.rows.size();
            shares.serve(next.ticket.tenant(), next.rows.size());
        }
    }

    private boolean ofOneTenant() {
        String first = waiting.getFirst().ticket.tenant();
        for (Member member : waiting) {
            if (!member.ticket.tenant().equals(first)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Whether the call with these rows would take longer, for a tenant that is in it, than a call of its own on its share of
     * the device: a tenant with few rows does not wait for the many of another. Where large calls take no longer than small
     * ones, it never does.
     */
    private boolean slowsOthers(Member next, Map<String, Integer> rowsOfTenant) {
        String tenant = next.ticket.tenant();
        int more = next.rows.size();
        double whole = times.of(more
                + rowsOfTenant.values().stream().mapToInt(Integer::intValue).sum());
        return rowsOfTenant.entrySet().stream()
                .filter(other -> !other.getKey().equals(tenant))
                .anyMatch(other -> whole > NOISE * times.of(other.getValue()) / shares.share(other.getKey()));
    }

    /** A smoothed duration of a call, the base of {@link #patience}. */
    void observe(int rows, long nanos) {
        times.observe(rows, nanos);
        predictedNanos = predictedNanos == Double.MAX_VALUE ? nanos : 0.8 * predictedNanos + 0.2 * nanos;
    }

    /** The device could not hold this many rows: later calls stay below. */
    void tooLarge(int rows) {
        mostRows = Math.max(1, Math.min(mostRows, rows / 2));
    }
}
