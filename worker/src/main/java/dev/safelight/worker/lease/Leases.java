package dev.safelight.worker.lease;

import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobKey;
import dev.safelight.worker.store.Advance;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The leases of this worker. Beside what Postgres says it keeps a clock of its own: a worker that could not beat for a
 * while stops before the rescuer hands its jobs on. The clock is monotonic and goes on while the process is stopped, so a
 * process that wakes from SIGSTOP finds its leases gone before it writes anything.
 */
public final class Leases {
    private final Map<Fence, LeaseHolder> holders = new ConcurrentHashMap<>();
    private final Map<Fence, Integer> signalled = new HashMap<>();
    private final Duration selfFence;
    private final LongSupplier nanoTime;
    private volatile long lastBeat;

    /**
     * @param selfFence stop everything when the last beat is older; shorter than the lease
     * @param nanoTime {@link System#nanoTime()} outside tests
     */
    public Leases(Duration selfFence, LongSupplier nanoTime) {
        this.selfFence = selfFence;
        this.nanoTime = nanoTime;
        this.lastBeat = nanoTime.getAsLong();
    }

    public void add(LeaseHolder holder) {
        holders.put(holder.fence(), holder);
    }

    public void remove(Fence fence) {
        holders.remove(fence);
    }

    public boolean holds(Fence fence) {
        return holders.containsKey(fence);
    }

    /** Those whose step is another than at the last call of this. For one thread. */
    public Collection<LeaseHolder> moved() {
        signalled.keySet().retainAll(holders.keySet());
        return holders.values().stream()
                .filter(holder -> {
                    Integer before = signalled.put(holder.fence(), holder.step());
                    return before == null || before != holder.step();
                })
                .toList();
    }

    /** Whether the last beat is young enough that no rescuer can have taken a job. Ask before every durable write. */
    public boolean fresh() {
        return nanoTime.getAsLong() - lastBeat < selfFence.toNanos();
    }

    /** Whether beats succeed: a worker that is on the way to stopping by itself takes no more work. */
    public boolean healthy() {
        return nanoTime.getAsLong() - lastBeat < selfFence.toNanos() / 3;
    }

    /** A hint from Kafka; what is not here is somebody else's. */
    public void cancel(JobKey job) {
        holders.values().stream()
                .filter(holder -> holder.fence().job().equals(job))
                .forEach(LeaseHolder::cancel);
    }

    Map<Fence, Advance> advances() {
        Map<Fence, Advance> advances = new HashMap<>();
        holders.forEach((fence, holder) -> advances.put(fence, new Advance(holder.step(), holder.spent())));
        return advances;
    }

    /**
     * Takes in what Postgres answered.
     *
     * @param sentAt when the beat was sent: the lease counts from no earlier than that
     * @param asked the leases that were to be renewed
     * @param held those that were, and whether a cancel was requested
     */
    void beaten(long sentAt, Set<Fence> asked, Map<Fence, Boolean> held) {
        lastBeat = sentAt;
        for (Fence fence : asked) {
            LeaseHolder holder = holders.get(fence);
            if (holder == null) {
                continue; // ended meanwhile
            }
            Boolean cancelRequested = held.get(fence);
            if (cancelRequested == null) {
                holder.loseLease(true);
            } else if (cancelRequested) {
                holder.cancel();
            }
        }
    }

    /** Lets every attempt look at the clock. */
    void look() {
        holders.values().forEach(LeaseHolder::look);
    }

    /** Stops every attempt if the last beat is too old. @return whether it was */
    public boolean fenceIfStale() {
        if (fresh()) {
            return false;
        }
        holders.values().forEach(holder -> holder.loseLease(false));
        return true;
    }
}
