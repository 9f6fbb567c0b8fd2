package dev.safelight.api.webhook;

import dev.safelight.api.relay.WakeableLoop;
import dev.safelight.common.job.JobKey;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells of progress, from what workers signal: now and then, once, without a row, by whichever API process comes first.
 * Losing one is harmless, and so a receiver that is busy, dead or full just misses it.
 */
final class ProgressMessages implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProgressMessages.class);
    /** More running jobs than these between two looks are told of at another time. */
    private static final int MOST = 2_000;

    private final DeliveryStore store;
    private final Duration interval;
    private final Targets targets;
    private final Attempts attempts;
    private final WakeableLoop loop;
    private final ExecutorService senders = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("progress-webhook-", 0).factory());
    private final Set<JobKey> moved = new LinkedHashSet<>();

    /** @param interval shortest time between two messages about a job */
    ProgressMessages(DeliveryStore store, Duration interval, Targets targets, Attempts attempts) {
        this.store = store;
        this.interval = interval;
        this.targets = targets;
        this.attempts = attempts;
        this.loop = new WakeableLoop("progress-webhooks", interval, interval.multipliedBy(2), () -> {
            runOnce();
            return true;
        });
    }

    void start() {
        loop.start();
    }

    /** A worker said that this running job moved on. */
    void moved(JobKey job) {
        synchronized (moved) {
            if (moved.size() < MOST) {
                moved.add(job);
            }
        }
    }

    /** One look; messages go on behind it. @return how many */
    int runOnce() {
        List<JobKey> jobs;
        synchronized (moved) {
            jobs = List.copyOf(moved);
            moved.clear();
        }
        if (jobs.isEmpty()) {
            return 0;
        }
        List<Due> wanted = store.progressWanted(jobs);
        // A little less than the interval, which all processes count from different moments.
        if (wanted.isEmpty() || !store.progressTurn(interval.multipliedBy(9).dividedBy(10))) {
            return 0;
        }
        int begun = 0;
        for (Due message : wanted) {
            if (targets.tryEnter(message)) {
                begun++;
                senders.execute(() -> send(message));
            }
        }
        return begun;
    }

    private void send(Due message) {
        Targets.Heard heard = Targets.Heard.NOTHING;
        try {
            heard = attempts.sendOnce(message);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.debug("a progress message is lost: {}", e.toString());
        } finally {
            targets.leave(message, heard);
        }
    }

    @Override
    public void close() {
        loop.close();
        senders.shutdownNow();
    }
}
