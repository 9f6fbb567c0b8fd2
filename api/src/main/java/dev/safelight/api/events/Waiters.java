package dev.safelight.api.events;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Clients that wait for the end of a job. A worker's signal wakes them; in case one was lost, a single statement a
 * second asks Postgres for all of them at once. A waiter holds neither a connection nor a thread of the platform.
 */
public final class Waiters implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Waiters.class);
    private static final String FINISHED = Sql.of(Waiters.class, "finished");
    private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);

    private final Jdbi jdbi;
    private final Map<JobKey, Set<Waiter>> waiting = new ConcurrentHashMap<>();
    private final ScheduledExecutorService looks = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("waiters").daemon().factory());
    private volatile boolean closed;

    public Waiters(Database database) {
        this.jdbi = database.jdbi();
    }

    /** Starts the look once a second. */
    public void start() {
        looks.scheduleWithFixedDelay(
                this::lookSafely, LOOK_INTERVAL.toMillis(), LOOK_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Begins to listen. Look at the job after this and before {@link Waiter#await}, else its end may slip through. */
    public Waiter listen(JobKey job) {
        Waiter waiter = new Waiter(job);
        waiting.compute(job, (key, others) -> {
            Set<Waiter> all = others == null ? ConcurrentHashMap.newKeySet() : others;
            all.add(waiter);
            return all;
        });
        return waiter;
    }

    /** Wakes those who wait for this job. */
    public void finished(JobKey job) {
        Set<Waiter> woken = waiting.get(job);
        if (woken != null) {
            woken.forEach(waiter -> waiter.end.complete(null));
        }
    }

    public int count() {
        return waiting.values().stream().mapToInt(Set::size).sum();
    }

    /** One look at Postgres on behalf of everybody. */
    void lookOnce() {
        Collection<JobKey> jobs = List.copyOf(waiting.keySet());
        if (jobs.isEmpty()) {
            return;
        }
        jdbi.useHandle(handle -> handle.createQuery(FINISHED)
                .bind("tenant_ids", jobs.stream().map(JobKey::tenantId).toArray(String[]::new))
                .bind("job_ids", jobs.stream().map(JobKey::jobId).toArray(UUID[]::new))
                .map((row, context) -> new JobKey(row.getString("tenant_id"), row.getObject("job_id", UUID.class)))
                .forEach(this::finished));
    }

    private void lookSafely() {
        try {
            lookOnce();
        } catch (RuntimeException e) {
            LOG.warn("waiting clients: Postgres cannot be asked: {}", e.getMessage());
        }
    }

    /** Lets everybody go, with the job as it is. */
    @Override
    public void close() {
        closed = true;
        looks.shutdownNow();
        waiting.values().forEach(all -> all.forEach(waiter -> waiter.end.complete(null)));
    }

    /** One client. */
    public final class Waiter implements AutoCloseable {
        private final JobKey job;
        private final CompletableFuture<Void> end = new CompletableFuture<>();

        private Waiter(JobKey job) {
            this.job = job;
        }

        /** Returns when the job has ended, or after so long. */
        public void await(Duration longest) throws InterruptedException {
            if (closed) {
                return;
            }
            try {
                end.get(longest.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                // The client gets the job as it is.
            } catch (ExecutionException e) {
                throw new IllegalStateException(e.getCause());
            }
        }

        /** Whether the job is known to have ended. */
        boolean ended() {
            return end.isDone();
        }

        @Override
        public void close() {
            waiting.computeIfPresent(job, (key, all) -> {
                all.remove(this);
                return all.isEmpty() ? null : all;
            });
        }
    }
}
