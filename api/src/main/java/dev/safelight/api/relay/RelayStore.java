package dev.safelight.api.relay;

import dev.safelight.api.relay.ReleasePlan.Candidate;
import dev.safelight.api.relay.ReleasePlan.Capacity;
import dev.safelight.api.relay.ReleasePlan.InFlight;
import dev.safelight.api.relay.ReleasePlan.Release;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import dev.safelight.common.wire.Topics.Lane;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.SqlStatement;

/** The relay's statements. */
final class RelayStore {
    private static final String DUE_QUEUES = Sql.of(RelayStore.class, "due_queues");
    private static final String TRY_LOCK = Sql.of(RelayStore.class, "try_lock");
    private static final String IN_FLIGHT = Sql.of(RelayStore.class, "in_flight");
    private static final String CANDIDATES = Sql.of(RelayStore.class, "candidates");
    private static final String TRY_RUNNING_LOCK = Sql.of(RelayStore.class, "try_running_lock");
    private static final String HELD = Sql.of(RelayStore.class, "held");
    private static final String RELEASE = Sql.of(RelayStore.class, "release");
    private static final String TAKE_BACK = Sql.of(RelayStore.class, "take_back");
    private static final String EXPIRE = Sql.of(RelayStore.class, "expire");

    /** More tenants than these, waiting at one priority, wait for others of them to be served first. */
    private static final int MOST_GROUPS = 1000;

    private static final int MOST_EXPIRED = 1000;

    private final Jdbi jdbi;
    private final RelaySettings settings;

    RelayStore(Database database, RelaySettings settings) {
        this.jdbi = database.jdbi();
        this.settings = settings;
    }

    /** A queue with live workers and a job that could be released. */
    record DueQueue(String name, Capacity capacity, List<UUID> workers) {}

    /**
     * What is to be published.
     *
     * @param again how many of them nobody had claimed for so long that their records are taken for lost
     */
    record Released(List<Release> releases, int again) {
        private static final Released NOTHING = new Released(List.of(), 0);
    }

    List<DueQueue> dueQueues() {
        return jdbi.withHandle(handle -> handle.createQuery(DUE_QUEUES)
                .bind("timeout", seconds(settings.workerTimeout()))
                .bind("stale", seconds(settings.redispatchAfter()))
                .map((row, context) -> new DueQueue(
                        row.getString("queue"),
                        new Capacity(row.getInt("slots"), row.getInt("headroom")),
                        Arrays.asList((UUID[]) row.getArray("workers").getArray())))
                .list());
    }

    /**
     * Plans and marks what is to be released, in one transaction that no other relay runs beside. It commits without
     * waiting for the disk: a forgotten release is made again.
     *
     * @return what to publish
     */
    Released release(DueQueue queue) {
        return jdbi.inTransaction(handle -> {
            if (!handle.createQuery(TRY_LOCK)
                    .bind("queue", queue.name())
                    .mapTo(boolean.class)
                    .one()) {
                return Released.NOTHING;
            }
            List<Candidate> candidates = candidates(handle, queue);
            List<Release> plan =
                    ReleasePlan.of(queue.capacity(), inFlight(handle, queue), candidates, places(handle, candidates));
            if (plan.isEmpty()) {
                return Released.NOTHING;
            }
            Map<JobKey, Boolean> released = bindJobs(
                            handle.createQuery(RELEASE),
                            plan.stream()
                                    .map(release -> release.candidate().job())
                                    .toList())
                    .bindArray(
                            "express",
                            Boolean.class,
                            plan.stream()
                                    .map(release -> release.lane() == Lane.EXPRESS)
                                    .toList())
                    .bind("stale", seconds(settings.redispatchAfter()))
                    .map((row, context) -> Map.entry(key(row), row.getBoolean("again")))
                    .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
            return new Released(
                    plan.stream()
                            .filter(release ->
                                    released.containsKey(release.candidate().job()))
                            .toList(),
                    Collections.frequency(released.values(), true));
        });
    }

    /** The records did not reach Kafka: the jobs are unreleased again. */
    void takeBack(List<Release> releases) {
        jdbi.useHandle(handle -> bindJobs(
                        handle.createUpdate(TAKE_BACK),
                        releases.stream()
                                .map(release -> release.candidate().job())
                                .toList())
                .execute());
    }

    /** Ends queued jobs whose deadline passed before they ever started. */
    int expire() {
        return jdbi.withHandle(
                handle -> handle.createUpdate(EXPIRE).bind("most", MOST_EXPIRED).execute());
    }

    private List<InFlight> inFlight(Handle handle, DueQueue queue) {
        return handle.createQuery(IN_FLIGHT)
                .bind("queue", queue.name())
                .bindArray("workers", UUID.class, queue.workers())
                .bind("stale", seconds(settings.redispatchAfter()))
                .map((row, context) -> new InFlight(
                        row.getString("tenant_id"),
                        row.getDouble("weight"),
                        row.getInt("priority"),
                        row.getBoolean("express") ? Lane.EXPRESS : Lane.REGULAR,
                        row.getInt("jobs")))
                .list();
    }

    /** How many more jobs each tenant that has a limit may have under way. */
    private Map<String, Integer> places(Handle handle, List<Candidate> candidates) {
        Map<String, Integer> limits = new HashMap<>();
        for (Candidate candidate : candidates) {
            if (candidate.mostRunning() != null) {
                limits.put(candidate.job().tenantId(), candidate.mostRunning());
            }
        }
        if (limits.isEmpty()) {
            return limits;
        }
        Set<String> locked = new HashSet<>(handle.createQuery(TRY_RUNNING_LOCK)
                .bindArray("tenants", String.class, limits.keySet())
                .mapTo(String.class)
                .list());
        Map<String, Integer> held = new HashMap<>();
        handle.createQuery(HELD)
                .bindArray("tenants", String.class, limits.keySet())
                .bind("stale", seconds(settings.redispatchAfter()))
                .map((row, context) -> Map.entry(row.getString("tenant_id"), row.getInt("jobs")))
                .forEach(entry -> held.put(entry.getKey(), entry.getValue()));
        limits.replaceAll(
                (tenantId, most) -> locked.contains(tenantId) ? Math.max(0, most - held.getOrDefault(tenantId, 0)) : 0);
        return limits;
    }

    private List<Candidate> candidates(Handle handle, DueQueue queue) {
        Capacity capacity = queue.capacity();
        return handle.createQuery(CANDIDATES)
                .bind("queue", queue.name())
                .bind("groups", MOST_GROUPS)
                .bind("each", ReleasePlan.JOBS_A_SLOT * capacity.slots() + capacity.headroom())
                .bind("stale", seconds(settings.redispatchAfter()))
                .map((row, context) -> new Candidate(
                        key(row),
                        row.getDouble("weight"),
                        row.getInt("priority"),
                        row.getString("traceparent"),
                        row.getObject("most_running", Integer.class)))
                .list();
    }

    private static JobKey key(ResultSet row) throws SQLException {
        return new JobKey(row.getString("tenant_id"), row.getObject("job_id", UUID.class));
    }

    private static <S extends SqlStatement<S>> S bindJobs(S statement, List<JobKey> jobs) {
        return statement
                .bindArray(
                        "tenants",
                        String.class,
                        jobs.stream().map(JobKey::tenantId).toList())
                .bindArray("jobs", UUID.class, jobs.stream().map(JobKey::jobId).toList());
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }
}
