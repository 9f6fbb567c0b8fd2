package dev.safelight.api.relay;

import dev.safelight.common.time.Backoff;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Repeats a task when woken, and at an interval otherwise. Wakes that arrive while it runs are one more run. */
public final class WakeableLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WakeableLoop.class);

    private final Duration interval;
    private final Duration longestBackoff;
    private final BooleanSupplier task;
    private final BlockingQueue<Boolean> woken = new ArrayBlockingQueue<>(1);
    private final Thread thread;
    private final CountDownLatch closing = new CountDownLatch(1);

    /** @param task one run; false, or whatever it throws, means that it should not be tried again at once */
    public WakeableLoop(String name, Duration interval, Duration longestBackoff, BooleanSupplier task) {
        this.interval = interval;
        this.longestBackoff = longestBackoff;
        this.task = task;
        this.thread = Thread.ofVirtual().name(name).unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    public void wake() {
        woken.offer(true);
    }

    private void run() {
        Backoff backoff = new Backoff(interval, longestBackoff);
        while (closing.getCount() > 0) {
            boolean well = attempt();
            try {
                if (well) {
                    backoff.reset();
                    woken.poll(interval.toNanos(), TimeUnit.NANOSECONDS);
                } else {
                    // A wake does not shorten this: under load there is always one.
                    closing.await(backoff.next().toNanos(), TimeUnit.NANOSECONDS);
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private boolean attempt() {
        try {
            return task.getAsBoolean();
        } catch (RuntimeException | Error e) {
            if (closing.getCount() > 0) {
                // Of a failed statement the first line says what is wrong; the rest repeats the statement.
                String reason = e.toString().lines().findFirst().orElse("");
                LOG.warn("{} failed and will try again: {}", thread.getName(), reason);
            }
            return false;
        }
    }

    /** Lets a run that is under way finish: an interrupt would tear its connection. */
    @Override
    public void close() {
        closing.countDown();
        wake();
        if (thread.getState() == Thread.State.NEW) {
            return;
        }
        try {
            if (!thread.join(Duration.ofSeconds(5))) {
                thread.interrupt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
