package dev.safelight.worker.batch;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * Which rows run next on a device. A plain state machine: one caller at a time, no threads, no clock, no device. A member
 * goes computing → waiting → running → computing, and may leave while it computes.
 */
final class Scheduler {

    /** What the device should do. */
    sealed interface Decision {
        /** Run these members' rows in one call. */
        record Launch(Network network, List<Member> members) implements Decision {}

        /** Walks are on the host; look again when one submits, and in any case after so long. */
        record Gather(long nanos) implements Decision {}

        /** Nobody is here. */
        record Idle() implements Decision {}
    }

    private final Map<Member.Key, Line> lines = new LinkedHashMap<>();
    private final TenantShares shares = new TenantShares();
    /**
     * By network and the shapes that it is asked for, for as long as there is the network: jobs of the same size make groups
     * of their own, and a model that is put away takes its times along.
     */
    private final Map<Network, Map<Map<String, List<Integer>>, CallTimes>> times = new WeakHashMap<>();

    private long launches;
    private long deviceFreeSince;

    void join(Member member) {
        shares.arrive(member.ticket.tenant(), member.ticket.weight());
        lines.computeIfAbsent(
                        member.key(),
                        _ -> new Line(member.group.network(), member.solo, shares, times(member.group.network())))
                .join(member);
    }

    CallTimes times(Network network) {
        return network instanceof Network.Shaped(Network whole, Map<String, List<Integer>> shapes, int ignored)
                ? times(whole, shapes)
                : times(network, Map.of());
    }

    private CallTimes times(Network network, Map<String, List<Integer>> shapes) {
        return times.computeIfAbsent(network, _ -> new HashMap<>()).computeIfAbsent(shapes, _ -> new CallTimes());
    }

    /** @return whether a call can leave now */
    boolean submit(Member member, List<Row> rows, long now) {
        Line line = lines.get(member.key());
        line.submit(member, rows, now);
        return line.ready(now, deviceFreeSince);
    }

    /** Takes waiting rows back; does nothing in any other phase. */
    void withdraw(Member member) {
        if (member.phase == Member.Phase.WAITING) {
            lines.get(member.key()).withdraw(member);
        }
    }

    /** @return whether a call of those who stay can leave now */
    boolean leave(Member member, long now) {
        Line line = lines.get(member.key());
        line.leave(member);
        shares.leave(member.ticket.tenant());
        if (line.empty()) {
            lines.remove(member.key());
            return false;
        }
        return line.ready(now, deviceFreeSince);
    }

    /** Lines take turns, but for a line that holds more urgent rows. */
    Decision next(long now) {
        Line best = null;
        long patience = Long.MAX_VALUE;
        for (Line line : lines.values()) {
            if (line.ready(now, deviceFreeSince)) {
                best = best == null || precedes(line, best) ? line : best;
            } else if (line.someoneWaits()) {
                patience = Math.min(patience, line.deadline(deviceFreeSince) - now);
            } else if (line.someoneComputes()) {
                patience = Math.min(patience, line.patience());
            }
        }
        if (best != null) {
            return new Decision.Launch(best.network(), best.launch(++launches));
        }
        return patience == Long.MAX_VALUE ? new Decision.Idle() : new Decision.Gather(patience);
    }

    private static boolean precedes(Line line, Line other) {
        int urgency = Integer.compare(line.highestPriority(), other.highestPriority());
        return urgency > 0 || urgency == 0 && line.lastLaunch() < other.lastLaunch();
    }

    /** A call has ended: its members are on the host again. */
    void finished(Decision.Launch call, long now, long runNanos) {
        deviceFreeSince = now;
        Line line = lines.get(call.members().getFirst().key());
        line.observe(
                call.members().stream().mapToInt(member -> member.rows.size()).sum(), runNanos);
        call.members().forEach(line::compute);
    }

    /** The device could not hold a call of so many rows. */
    void tooLarge(Decision.Launch call, int rows) {
        lines.get(call.members().getFirst().key()).tooLarge(rows);
    }
}
