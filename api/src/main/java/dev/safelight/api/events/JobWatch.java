package dev.safelight.api.events;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches jobs for everybody in this process who waits for something to happen to them. Hints come from workers and from
 * handlers and may be lost: a single statement a second looks at all watched jobs at once, so that nobody has to poll.
 */
public final class JobWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(JobWatch.class);
    private static final String NEWS = Sql.of(JobWatch.class, "news");
    private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);

    private final Jdbi jdbi;
    private final Map<JobKey, Set<Watcher>> watchers = new ConcurrentHashMap<>();
    private final ScheduledExecutorService looks = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("job-watch").daemon().factory());

    /** Waits for something to happen to one job. */
    public interface Watcher {
        JobKey job();

        /** Highest event id that is no news; the largest number for those who want to hear of the end only. */
        long seen();

        /** Something happened, or may have. Told by any thread, perhaps more than once: be quick. */
        void told(News news);
    }

    /**
     * @param over whether the job is terminal or no longer there
     * @param latestEvent the highest event id that there is, or the largest number where that is not known
     */
    public record News(boolean over, long latestEvent) {}

    public JobWatch(Database database) {
        this.jdbi = database.jdbi();
    }

    /** Starts the look once a second. */
    public void start() {
        looks.scheduleWithFixedDelay(
                this::lookSafely, LOOK_INTERVAL.toMillis(), LOOK_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** From now on. Look at the job after this and not before, else something may slip through. */
    public void add(Watcher watcher) {
        watchers.compute(watcher.job(), (job, others) -> {
            Set<Watcher> all = others == null ? ConcurrentHashMap.newKeySet() : others;
            all.add(watcher);
            return all;
        });
    }

    public void remove(Watcher watcher) {
        watchers.computeIfPresent(watcher.job(), (job, all) -> {
            all.remove(watcher);
            return all.isEmpty() ? null : all;
        });
    }

    /**
     * Somebody knows that something was committed.
     *
     * @param over whether that ended the job
     */
    public void hint(JobKey job, boolean over) {
        tell(job, new News(over, Long.MAX_VALUE));
    }

    /** One look at Postgres on behalf of everybody. */
    void lookOnce() {
        Map<JobKey, Long> seen = new HashMap<>();
        watchers.forEach(
                (job, all) -> all.stream().mapToLong(Watcher::seen).min().ifPresent(least -> seen.put(job, least)));
        if (seen.isEmpty()) {
            return;
        }
        JobKey[] jobs = seen.keySet().toArray(JobKey[]::new);
        Long[] events = new Long[jobs.length];
        String[] tenants = new String[jobs.length];
        UUID[] ids = new UUID[jobs.length];
        for (int i = 0; i < jobs.length; i++) {
            events[i] = seen.get(jobs[i]);
            tenants[i] = jobs[i].tenantId();
            ids[i] = jobs[i].jobId();
        }
        jdbi.useHandle(handle -> handle.createQuery(NEWS)
                .bind("tenant_ids", tenants)
                .bind("job_ids", ids)
                .bind("seen", events)
                .map((row, context) -> Map.entry(
                        new JobKey(row.getString("tenant_id"), row.getObject("job_id", UUID.class)),
                        new News(row.getBoolean("over"), row.getLong("latest_event"))))
                .forEach(entry -> tell(entry.getKey(), entry.getValue())));
    }

    private void tell(JobKey job, News news) {
        Set<Watcher> interested = watchers.get(job);
        if (interested != null) {
            interested.forEach(watcher -> watcher.told(news));
        }
    }

    private void lookSafely() {
        try {
            lookOnce();
        } catch (RuntimeException e) {
            LOG.warn("watched jobs: Postgres cannot be asked: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        looks.shutdownNow();
    }
}
