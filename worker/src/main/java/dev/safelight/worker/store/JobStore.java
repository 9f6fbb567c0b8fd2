package dev.safelight.worker.store;

import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.request.ImageDigest;
import dev.safelight.common.request.Preview;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.store.Settlement.Cancel;
import dev.safelight.worker.store.Settlement.Fail;
import dev.safelight.worker.store.Settlement.GiveBack;
import dev.safelight.worker.store.Settlement.Succeed;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.SqlStatement;

/**
 * A worker's statements. Every write carries the fence and the owner, and says whether it matched; one that matched
 * nothing means that the job is somebody else's now. All throw {@link org.jdbi.v3.core.JdbiException} when Postgres is
 * out of reach.
 */
public final class JobStore {
    private static final String CLAIM = Sql.of(JobStore.class, "claim");
    private static final String ADOPT = Sql.of(JobStore.class, "adopt");
    private static final String RELAX = Sql.of(JobStore.class, "relax");
    private static final String BEAT = Sql.of(JobStore.class, "beat");
    private static final String ANNOUNCE = Sql.of(JobStore.class, "announce");
    private static final String RETIRE = Sql.of(JobStore.class, "retire");
    private static final String RUN_ALONE = Sql.of(JobStore.class, "run_alone");
    private static final String SUCCEED = Sql.of(JobStore.class, "succeed");
    private static final String FAIL = Sql.of(JobStore.class, "fail");
    private static final String CANCEL = Sql.of(JobStore.class, "cancel");
    private static final String GIVE_BACK = Sql.of(JobStore.class, "give_back");
    private static final String IMAGE = Sql.of(JobStore.class, "image");
    private static final String STANDING = Sql.of(JobStore.class, "standing");

    private final Jdbi jdbi;
    private final UUID owner;
    private final Duration lease;

    /**
     * @param owner the worker that claims and holds
     * @param lease how long a claim or a beat lasts, in Postgres's time
     */
    public JobStore(Database database, UUID owner, Duration lease) {
        this.jdbi = database.jdbi();
        this.owner = owner;
        this.lease = lease;
    }

    /** Where a job stands; the attempt is the last one handed out. */
    public record Standing(JobState state, int attempt) {}

    /**
     * Takes those of the jobs that are queued and due; the others are settled already or somebody else's.
     *
     * @return what this worker now holds, most urgent first
     */
    public List<ClaimedJob> claim(Collection<JobKey> jobs) {
        return jdbi.withHandle(handle -> bindJobs(handle.createQuery(CLAIM), jobs, Function.identity())
                .bind("owner", owner)
                .bind("lease", seconds(lease))
                .map((row, context) -> claimed(row))
                .list());
    }

    /** Those of the jobs that this worker holds already, for a claim whose answer got lost. */
    public List<ClaimedJob> adopt(Collection<JobKey> jobs) {
        return jdbi.withHandle(handle -> bindJobs(handle.createQuery(ADOPT), jobs, Function.identity())
                .bind("owner", owner)
                .map((row, context) -> claimed(row))
                .list());
    }

    /**
     * Renews the leases, stores the progress and rewrites the worker's row.
     *
     * @param advances by fence
     * @return the leases that still hold, and whether a cancel was requested
     */
    public Map<Fence, Boolean> beat(Map<Fence, Advance> advances, WorkerRow worker, boolean draining) {
        return jdbi.inTransaction(handle -> {
            handle.createQuery(RELAX).mapTo(String.class).one();
            announce(handle, worker, advances.size(), draining);
            return advances.isEmpty() ? Map.of() : renew(handle, advances);
        });
    }

    /** The worker is gone for good. */
    public void retire() {
        jdbi.useHandle(handle -> handle.createUpdate(RETIRE).bind("id", owner).execute());
    }

    /** Marks that the job has the process for itself. @return whether the lease still held */
    public boolean runAlone(Fence fence) {
        return jdbi.withHandle(handle ->
                        bindFence(handle.createUpdate(RUN_ALONE), fence).execute())
                == 1;
    }

    /**
     * Ends the attempt.
     *
     * @param spent all that it took
     * @return what the job became, or empty when the lease was no longer held
     */
    public Optional<JobState> settle(Fence fence, Settlement settlement, Spent spent) {
        return jdbi.withHandle(handle -> switch (settlement) {
            case Succeed succeed -> matched(succeed(handle, fence, spent, succeed), JobState.SUCCEEDED);
            case Fail fail ->
                matched(
                        bindEnd(handle.createQuery(FAIL), fence, spent)
                                .bind("error", Json.write(fail.error()))
                                .mapTo(int.class)
                                .one(),
                        JobState.FAILED);
            case Cancel() ->
                matched(
                        bindEnd(handle.createQuery(CANCEL), fence, spent)
                                .mapTo(int.class)
                                .one(),
                        JobState.CANCELED);
            case GiveBack giveBack ->
                bindEnd(handle.createQuery(GIVE_BACK), fence, spent)
                        .bind("strike", giveBack.strike())
                        .bind("delay", seconds(giveBack.delay()))
                        .bind("error", Json.write(giveBack.reason()))
                        .map((row, context) -> JobState.of(row.getString("state")))
                        .findOne();
        });
    }

    /** Where an image lies that jobs of the tenant are made from; empty when it is no longer kept. */
    public Optional<String> image(String tenantId, ImageDigest digest) {
        return jdbi.withHandle(handle -> handle.createQuery(IMAGE)
                .bind("tenant", tenantId)
                .bind("sha256", digest.sha256())
                .mapTo(String.class)
                .findOne());
    }

    /** Where the job stands now; empty when it was deleted. */
    public Optional<Standing> standing(JobKey job) {
        return jdbi.withHandle(handle -> handle.createQuery(STANDING)
                .bind("tenant", job.tenantId())
                .bind("job", job.jobId())
                .map((row, context) -> new Standing(JobState.of(row.getString("state")), row.getInt("attempt")))
                .findOne());
    }

    private Map<Fence, Boolean> renew(Handle handle, Map<Fence, Advance> advances) {
        List<Fence> fences = List.copyOf(advances.keySet());
        List<Advance> values = fences.stream().map(advances::get).toList();
        Map<Fence, Boolean> held = new HashMap<>();
        bindJobs(handle.createQuery(BEAT), fences, Fence::job)
                .bindArray(
                        "attempts",
                        Integer.class,
                        fences.stream().map(Fence::attempt).toList())
                .bindArray(
                        "steps",
                        Integer.class,
                        values.stream().map(Advance::step).toList())
                .bindArray(
                        "evaluations",
                        Long.class,
                        values.stream()
                                .map(advance -> advance.spent().evaluations())
                                .toList())
                .bindArray(
                        "device_seconds",
                        Double.class,
                        values.stream()
                                .map(advance -> advance.spent().deviceSeconds())
                                .toList())
                .bind("owner", owner)
                .bind("lease", seconds(lease))
                .map((row, context) ->
                        Map.entry(new Fence(key(row), row.getInt("attempt")), row.getBoolean("cancel_requested")))
                .forEach(entry -> held.put(entry.getKey(), entry.getValue()));
        return held;
    }

    private void announce(Handle handle, WorkerRow worker, int running, boolean draining) {
        handle.createUpdate(ANNOUNCE)
                .bind("id", owner)
                .bind("host", worker.host())
                .bind("device", worker.device())
                .bindArray("queues", String.class, worker.queues())
                .bindArray("models", String.class, worker.models())
                .bind("slots", worker.slots())
                .bind("headroom", worker.headroom())
                .bind("running", running)
                .bind("draining", draining)
                .execute();
    }

    private int succeed(Handle handle, Fence fence, Spent spent, Succeed succeed) {
        List<StoredOutput> outputs = succeed.outputs();
        List<Review> reviews = succeed.reviews();
        return bindEnd(handle.createQuery(SUCCEED), fence, spent)
                .bindArray("ordinals", Integer.class, column(outputs, StoredOutput::ordinal))
                .bindArray("keys", String.class, column(outputs, StoredOutput::key))
                .bindArray("content_types", String.class, column(outputs, StoredOutput::contentType))
                .bindArray("widths", Integer.class, column(outputs, StoredOutput::width))
                .bindArray("heights", Integer.class, column(outputs, StoredOutput::height))
                .bindArray("sizes", Long.class, column(outputs, StoredOutput::bytes))
                .bindArray("digests", String.class, column(outputs, StoredOutput::sha256))
                .bindArray("seeds", Long.class, column(outputs, StoredOutput::seed))
                .bindArray("reviewed", Integer.class, column(reviews, Review::ordinal))
                .bindArray("verdicts", String.class, column(reviews, Review::verdict))
                .bindArray("scores", Double.class, column(reviews, Review::score))
                .bindArray("reasons", String.class, column(reviews, Review::reason))
                .bindArray("reviewed_seeds", Long.class, column(reviews, Review::seed))
                .mapTo(int.class)
                .one();
    }

    private <S extends SqlStatement<S>> S bindEnd(S statement, Fence fence, Spent spent) {
        return bindFence(statement, fence)
                .bind("evaluations", spent.evaluations())
                .bind("device_seconds", spent.deviceSeconds());
    }

    private <S extends SqlStatement<S>> S bindFence(S statement, Fence fence) {
        return statement
                .bind("tenant", fence.job().tenantId())
                .bind("job", fence.job().jobId())
                .bind("attempt", fence.attempt())
                .bind("owner", owner);
    }

    private static <S extends SqlStatement<S>, T> S bindJobs(
            S statement, Collection<T> items, Function<T, JobKey> key) {
        List<JobKey> jobs = items.stream().map(key).toList();
        return statement
                .bindArray(
                        "tenants",
                        String.class,
                        jobs.stream().map(JobKey::tenantId).toList())
                .bindArray("jobs", UUID.class, jobs.stream().map(JobKey::jobId).toList());
    }

    private static ClaimedJob claimed(ResultSet row) throws SQLException {
        return new ClaimedJob(
                new Fence(key(row), row.getInt("attempt")),
                row.getString("model"),
                row.getString("bundle"),
                row.getInt("priority"),
                row.getString("input"),
                row.getObject("preview_every") == null ? null : new Preview(row.getInt("preview_every")),
                row.getString("traceparent"),
                row.getObject("created_at", OffsetDateTime.class).toInstant(),
                row.getInt("crashes"),
                row.getBoolean("express"),
                dispatched(row),
                row.getDouble("weight"),
                row.getObject("timeout_seconds") == null
                        ? null
                        : new ClaimedJob.Timeout(row.getInt("timeout_seconds"), row.getDouble("seconds_left")));
    }

    private static Duration dispatched(ResultSet row) throws SQLException {
        double seconds = row.getDouble("dispatch_seconds");
        return row.wasNull() ? null : Duration.ofNanos((long) (seconds * 1e9));
    }

    private static JobKey key(ResultSet row) throws SQLException {
        return new JobKey(row.getString("tenant_id"), row.getObject("job_id", UUID.class));
    }

    private static <R, T> List<T> column(List<R> rows, Function<R, T> field) {
        return rows.stream().map(field).toList();
    }

    private static Optional<JobState> matched(int rows, JobState state) {
        return rows == 1 ? Optional.of(state) : Optional.empty();
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }
}
