package dev.safelight.worker.batch;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * One attempt's standing on a device: whose rows they are, how urgent, and whether they may still run. Stopping is safe
 * from any thread, at any time, any number of times; the first reason counts.
 */
public final class Ticket {
    private final JobKey job;
    private final Priority priority;
    private final long age;
    private final boolean alone;
    private final double weight;
    private final AtomicReference<Supplier<EvaluationStopped>> stop = new AtomicReference<>();
    /** By batcher: the networks of a job may run on several. */
    private final Map<Batcher, Runnable> onStop = new ConcurrentHashMap<>();

    private volatile long evaluations;
    private volatile long deviceNanos;

    /**
     * @param age orders jobs that are otherwise equal, the smallest first; the job's creation time will do
     * @param alone the job is suspected of crashing the process: its rows never share a network call
     */
    public Ticket(JobKey job, Priority priority, long age, boolean alone) {
        this(job, priority, age, alone, 1);
    }

    /** @param weight of the tenant: its share of the rows beside those of others; positive */
    public Ticket(JobKey job, Priority priority, long age, boolean alone, double weight) {
        this.job = job;
        this.priority = priority;
        this.age = age;
        this.alone = alone;
        this.weight = weight;
    }

    public JobKey job() {
        return job;
    }

    public String tenant() {
        return job.tenantId();
    }

    public Priority priority() {
        return priority;
    }

    public long age() {
        return age;
    }

    public boolean alone() {
        return alone;
    }

    public double weight() {
        return weight;
    }

    /** Rows that the network ran for the job. */
    public long evaluations() {
        return evaluations;
    }

    /** The job's share of the time of the calls that carried its rows, by their number. */
    public long deviceNanos() {
        return deviceNanos;
    }

    /** A call carried rows of the job; for the threads of batchers. */
    synchronized void ran(int rows, long nanos) {
        evaluations += rows;
        deviceNanos += nanos;
    }

    /** Ends the job's walks with {@link EvaluationStopped.Canceled} at their next step. */
    public void cancel() {
        stop(EvaluationStopped.Canceled::new);
    }

    /** Ends the job's walks with {@link EvaluationStopped.LeaseLost} at their next step. */
    public void loseLease() {
        stop(EvaluationStopped.LeaseLost::new);
    }

    private void stop(Supplier<EvaluationStopped> reason) {
        if (stop.compareAndSet(null, reason)) {
            onStop.values().forEach(Runnable::run);
        }
    }

    /** Set before the first evaluation, which looks at the reason itself: a stop is either seen there or runs this. */
    void onStop(Batcher batcher, Runnable action) {
        onStop.put(batcher, action);
    }

    /** Why the ticket was stopped; null while it was not. */
    EvaluationStopped reason() {
        Supplier<EvaluationStopped> reason = stop.get();
        return reason == null ? null : reason.get();
    }

    void throwIfStopped() {
        EvaluationStopped reason = reason();
        if (reason != null) {
            throw reason;
        }
    }
}
