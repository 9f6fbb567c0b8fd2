package dev.safelight.api.submit;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.query.JobQueries;
import dev.safelight.api.query.JobRow;
import dev.safelight.api.tenant.QueueState;
import dev.safelight.api.tenant.Queues;
import dev.safelight.api.validate.TimeLimits;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.Preview;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jdbi.v3.core.Jdbi;

/** Makes a job durable, once for each idempotency key. */
public final class Submitter implements AutoCloseable {
    private static final String BY_KEY = Sql.of(Submitter.class, "by_key");
    private static final String FREE_KEY = Sql.of(Submitter.class, "free_key");
    /** A key's job may be deleted, or its day end, between two statements; not that often. */
    private static final int MOST_TRIES = 5;

    private final Backlog backlog;
    private final GroupInserter inserter;
    private final BatchInserter batches;
    private final Queues queues;
    private final JobQueries jobs;
    private final Jdbi jdbi;
    private final MeterRegistry meters;
    private final Map<String, Counter> submitted = new ConcurrentHashMap<>();
    private final Runnable wake;

    /**
     * @param backlogLimit jobs that may wait altogether
     * @param queues says which take no more
     * @param wake told after each commit; the relay's
     */
    public Submitter(
            Database database, JobQueries jobs, int backlogLimit, Queues queues, MeterRegistry meters, Runnable wake) {
        JobInsert insert = new JobInsert(database.dataSource());
        this.backlog = new Backlog(database, backlogLimit, System::nanoTime);
        this.inserter = new GroupInserter(insert, backlog);
        this.batches = new BatchInserter(database, insert, backlog);
        this.jobs = jobs;
        this.queues = queues;
        this.jdbi = database.jdbi();
        this.meters = meters;
        this.wake = wake;
        Gauge.builder("safelight.submit.waiting", inserter, GroupInserter::depth)
                .description("Submits that wait for a writer")
                .register(meters);
        FunctionCounter.builder("safelight.submit.deadlocks", inserter, GroupInserter::deadlocks)
                .description("Groups of submits that were tried again after a deadlock")
                .register(meters);
    }

    /**
     * A job that does not exist yet.
     *
     * @param retryOf the job that it repeats, or null
     * @param input resolved
     * @param metadata a JSON object, or null
     * @param preview or null
     * @param idempotencyKey or null
     * @param requestHash SHA-256 of what was asked for, before a seed was chosen
     * @param traceparent W3C trace context, or null
     * @param expiresIn seconds for which its outputs are kept, or null for the tenant's default
     * @param webhook the job's own, its secret sealed; or null
     * @param times by when it must have started and how long it may run
     */
    public record NewJob(
            JobKey key,
            UUID retryOf,
            String queue,
            String model,
            String bundle,
            Priority priority,
            JsonNode input,
            int steps,
            JsonNode metadata,
            Preview preview,
            String idempotencyKey,
            byte[] requestHash,
            String traceparent,
            Integer expiresIn,
            JsonNode webhook,
            TimeLimits times) {}

    public sealed interface Outcome {}

    /** The job is durable. */
    public record Created(JobRow job) implements Outcome {}

    /** The same request came under the same key before. */
    public record Replayed(JobRow job) implements Outcome {}

    /** Another request came under the same key before. */
    public record KeyReused() implements Outcome {}

    /** The tenant has as many jobs waiting as it may. */
    public record QueueFull(int mostQueued) implements Outcome {}

    /** So much waits, of all tenants, that nobody gains by more. */
    public record BacklogFull() implements Outcome {}

    /** The queue takes no more. */
    public record Draining(String queue) implements Outcome {}

    /** Postgres is out of reach. */
    public record Unavailable() implements Outcome {}

    /** Another job of the batch was in the way. */
    public record NotTried() implements Outcome {}

    private record Keyed(UUID jobId, byte[] requestHash, boolean fresh) {}

    public Outcome submit(NewJob job) throws InterruptedException, SQLException {
        Optional<Outcome> closed = closed(job);
        if (closed.isPresent()) {
            return closed.get();
        }
        Submission submission = submission(job);
        for (int tries = 0; tries < MOST_TRIES; tries++) {
            switch (inserter.insert(submission)) {
                case GroupInserter.Inserted(Instant createdAt) -> {
                    wake.run();
                    count(job.model());
                    return new Created(row(job, createdAt));
                }
                case GroupInserter.Conflict() -> {
                    Optional<Outcome> known = known(job);
                    if (known.isPresent()) {
                        return known.get();
                    }
                }
                case GroupInserter.NoPlace(int mostQueued) -> {
                    return whileFull(job, mostQueued);
                }
                case GroupInserter.Unavailable() -> {
                    return new Unavailable();
                }
                case GroupInserter.Refused(SQLException cause) -> throw cause;
            }
        }
        return new Unavailable();
    }

    /** What can be said before anything is fetched for a job: what its key has led to already, or why nothing is taken. */
    Optional<Outcome> beforehand(NewJob job) {
        Optional<Outcome> earlier = job.idempotencyKey() == null ? Optional.empty() : known(job);
        return earlier.or(() -> closed(job));
    }

    /**
     * Makes many jobs of one tenant durable, in one transaction.
     *
     * @param atomic none is made unless all are; the outcomes of the others then say {@link NotTried}
     * @return one outcome for each job, in order
     */
    public List<Outcome> submit(List<NewJob> batch, boolean atomic) throws InterruptedException, SQLException {
        Map<UUID, Outcome> outcomes = new HashMap<>();
        List<NewJob> open = new ArrayList<>();
        for (NewJob job : batch) {
            Optional<Outcome> closed = closed(job);
            closed.ifPresent(outcome -> outcomes.put(job.key().jobId(), outcome));
            if (closed.isEmpty()) {
                open.add(job);
            }
        }
        if (!open.isEmpty() && (outcomes.isEmpty() || !atomic)) {
            insert(open, atomic, outcomes);
        }
        return batch.stream()
                .map(job -> outcomes.getOrDefault(job.key().jobId(), new NotTried()))
                .toList();
    }

    private void insert(List<NewJob> batch, boolean atomic, Map<UUID, Outcome> outcomes)
            throws InterruptedException, SQLException {
        BatchInserter.Result result =
                batches.insert(batch.stream().map(Submitter::submission).toList(), atomic);
        if (!result.created().isEmpty()) {
            wake.run();
        }
        for (NewJob job : batch) {
            UUID id = job.key().jobId();
            Instant createdAt = result.created().get(id);
            if (createdAt != null) {
                count(job.model());
                outcomes.put(id, new Created(row(job, createdAt)));
            } else if (result.unavailable()) {
                outcomes.put(id, new Unavailable());
            } else if (result.withoutPlace().contains(id)) {
                outcomes.put(id, whileFull(job, result.mostQueued()));
            } else if (result.keyReused().contains(id)) {
                outcomes.put(id, new KeyReused());
            } else if (result.committed()) {
                // In the way of what is there already: looked at as a single submit would.
                Optional<Outcome> known = known(job);
                outcomes.put(id, known.isPresent() ? known.get() : submit(job));
            }
        }
    }

    /** A limit was changed: it holds from the next submit on. Other processes follow within a second. */
    public void forgetLimits() {
        backlog.forgetLimits();
    }

    /** Why nothing of the kind is taken now. */
    private Optional<Outcome> closed(NewJob job) {
        if (queues.state(job.queue()) == QueueState.DRAINING) {
            return Optional.of(new Draining(job.queue()));
        }
        return backlog.full() ? Optional.of(new BacklogFull()) : Optional.empty();
    }

    /** Whoever only repeats what was accepted gets its job, full or not. */
    private Outcome whileFull(NewJob job, int mostQueued) {
        Optional<Outcome> known = job.idempotencyKey() == null ? Optional.empty() : known(job);
        return known.orElse(new QueueFull(mostQueued));
    }

    @Override
    public void close() {
        inserter.close();
    }

    /** What stood in the way of the insert; empty when it is out of the way by now. */
    private Optional<Outcome> known(NewJob job) {
        if (job.idempotencyKey() == null) {
            return own(job);
        }
        Optional<Keyed> keyed = jdbi.withHandle(handle -> handle.createQuery(BY_KEY)
                .bind("tenant_id", job.key().tenantId())
                .bind("idempotency_key", job.idempotencyKey())
                .map((row, context) -> new Keyed(
                        row.getObject("job_id", UUID.class), row.getBytes("request_hash"), row.getBoolean("fresh")))
                .findOne());
        if (keyed.isEmpty()) {
            return Optional.empty();
        }
        if (keyed.get().jobId().equals(job.key().jobId())) {
            return own(job);
        }
        if (!keyed.get().fresh()) {
            jdbi.useHandle(handle -> handle.createUpdate(FREE_KEY)
                    .bind("tenant_id", job.key().tenantId())
                    .bind("idempotency_key", job.idempotencyKey())
                    .execute());
            return Optional.empty();
        }
        if (!Arrays.equals(keyed.get().requestHash(), job.requestHash())) {
            return Optional.of(new KeyReused());
        }
        return jobs.find(new JobKey(job.key().tenantId(), keyed.get().jobId())).map(Replayed::new);
    }

    /** An earlier try committed, and lost its connection before it could say so. */
    private Optional<Outcome> own(NewJob job) {
        Optional<JobRow> own = jobs.find(job.key());
        own.ifPresent(row -> wake.run());
        return own.map(Created::new);
    }

    private void count(String model) {
        submitted
                .computeIfAbsent(
                        model,
                        name -> Counter.builder("safelight.jobs.submitted")
                                .description("Jobs made durable")
                                .tag("model", name)
                                .register(meters))
                .increment();
    }

    private static Submission submission(NewJob job) {
        return new Submission(
                job.key(),
                job.retryOf(),
                job.queue(),
                job.model(),
                job.bundle(),
                job.priority(),
                job.input().toString(),
                job.metadata() == null ? null : job.metadata().toString(),
                job.preview() == null ? null : job.preview().every(),
                job.idempotencyKey(),
                job.idempotencyKey() == null ? null : job.requestHash(),
                job.traceparent(),
                job.steps(),
                job.expiresIn(),
                job.times(),
                job.webhook() == null ? null : job.webhook().toString());
    }

    /** The row just inserted, without reading it back. */
    private static JobRow row(NewJob job, Instant createdAt) {
        return new JobRow(
                job.key(),
                job.retryOf(),
                job.queue(),
                job.model(),
                job.bundle(),
                job.priority(),
                job.input(),
                job.metadata(),
                job.preview(),
                JobState.QUEUED,
                createdAt,
                createdAt,
                job.times().deadline(createdAt),
                job.times().timeout(),
                0,
                0,
                job.steps(),
                null,
                null,
                null,
                null,
                null,
                job.expiresIn(),
                List.of(),
                List.of(),
                job.webhook());
    }
}
