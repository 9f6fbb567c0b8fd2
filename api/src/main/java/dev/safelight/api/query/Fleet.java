package dev.safelight.api.query;

import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who works, and how fast, as of at most a second ago: many polls share one look at Postgres. */
public final class Fleet {
    private static final Logger LOG = LoggerFactory.getLogger(Fleet.class);
    private static final Duration FRESH = Duration.ofSeconds(1);
    private static final String WORKERS = Sql.of(Fleet.class, "workers");
    private static final String PAUSED_QUEUES = Sql.of(Fleet.class, "paused_queues");
    private static final String SPEED = Sql.of(Fleet.class, "speed");

    private final Jdbi jdbi;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile Snapshot latest;

    /** @param jobsASecond by queue; a queue that gets nothing done is absent */
    record Snapshot(
            Instant takenAt, List<WorkerView> workers, Map<String, Double> jobsASecond, Set<String> pausedQueues) {}

    public Fleet(Database database, Clock clock) {
        this.jdbi = database.jdbi();
        this.clock = clock;
    }

    /** Empty while Postgres has not answered yet; of a while ago while it does not answer now. */
    Optional<Snapshot> snapshot() {
        // One looks while the others make do with what is known.
        if (!fresh(latest) && (latest == null ? lock() : lock.tryLock())) {
            try {
                if (!fresh(latest)) {
                    latest = look();
                }
            } catch (JdbiException e) {
                LOG.debug("the workers are unknown: {}", e.getMessage());
            } finally {
                lock.unlock();
            }
        }
        return Optional.ofNullable(latest);
    }

    private boolean lock() {
        lock.lock();
        return true;
    }

    /** Now, for those who ask for the workers themselves. */
    List<WorkerView> workers() {
        return jdbi.withHandle(
                handle -> handle.createQuery(WORKERS).map(WorkerView::map).list());
    }

    private boolean fresh(Snapshot snapshot) {
        return snapshot != null && snapshot.takenAt().isAfter(clock.instant().minus(FRESH));
    }

    private Snapshot look() {
        return jdbi.withHandle(handle -> {
            Map<String, Double> speeds = new HashMap<>();
            handle
                    .createQuery(SPEED)
                    .map((row, context) -> Map.entry(row.getString("queue"), row.getDouble("jobs_a_second")))
                    .stream()
                    .filter(entry -> entry.getValue() > 0)
                    .forEach(entry -> speeds.put(entry.getKey(), entry.getValue()));
            List<WorkerView> workers =
                    handle.createQuery(WORKERS).map(WorkerView::map).list();
            Set<String> paused = Set.copyOf(
                    handle.createQuery(PAUSED_QUEUES).mapTo(String.class).list());
            return new Snapshot(clock.instant(), workers, speeds, paused);
        });
    }
}
