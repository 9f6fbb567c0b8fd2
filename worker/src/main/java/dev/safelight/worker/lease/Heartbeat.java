package dev.safelight.worker.lease;

import dev.safelight.common.job.Fence;
import dev.safelight.worker.store.Advance;
import dev.safelight.worker.store.JobStore;
import dev.safelight.worker.store.WorkerRow;
import java.time.Duration;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews all leases of the worker with one statement at an interval, and watches that it succeeds. The watch has a thread
 * of its own: a beat can hang on a connection for longer than the leases last.
 */
public final class Heartbeat implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);
    private static final Duration AFTER_FAILURE = Duration.ofMillis(250);
    private static final Duration WATCH = Duration.ofMillis(250);

    private final Leases leases;
    private final JobStore store;
    private final Supplier<WorkerRow> worker;
    private final LongSupplier nanoTime;
    private final Thread beats;
    private final Thread watch;
    private volatile boolean draining;
    private volatile boolean closed;

    public Heartbeat(
            Leases leases, JobStore store, Supplier<WorkerRow> worker, Duration interval, LongSupplier nanoTime) {
        this.leases = leases;
        this.store = store;
        this.worker = worker;
        this.nanoTime = nanoTime;
        this.beats = Thread.ofPlatform().name("heartbeat").daemon().unstarted(() -> beat(interval));
        this.watch = Thread.ofPlatform().name("lease-watch").daemon().unstarted(this::watch);
    }

    public void start() {
        beats.start();
        watch.start();
    }

    /** From the next beat on the worker is listed as draining, and the relay no longer counts on it. */
    public void drain() {
        draining = true;
    }

    /** One beat. */
    public void runOnce() {
        long sentAt = nanoTime.getAsLong();
        Map<Fence, Advance> advances = leases.advances();
        leases.beaten(sentAt, advances.keySet(), store.beat(advances, worker.get(), draining));
    }

    private void beat(Duration interval) {
        boolean failing = false;
        while (!closed) {
            boolean well = true;
            try {
                runOnce();
            } catch (RuntimeException e) {
                well = false;
                if (!failing && !closed) {
                    LOG.warn("cannot renew the leases: {}", e.toString());
                }
            }
            if (well && failing) {
                LOG.info("leases are renewed again");
            }
            failing = !well;
            if (!pause(well ? interval : AFTER_FAILURE)) {
                return;
            }
        }
    }

    private void watch() {
        boolean fenced = false;
        while (!closed) {
            leases.look();
            boolean stale = leases.fenceIfStale();
            if (stale && !fenced) {
                LOG.error("could not beat for too long: all attempts stop");
            }
            fenced = stale;
            if (!pause(WATCH)) {
                return;
            }
        }
    }

    private static boolean pause(Duration duration) {
        try {
            Thread.sleep(duration);
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }

    @Override
    public void close() {
        closed = true;
        beats.interrupt();
        watch.interrupt();
    }
}
