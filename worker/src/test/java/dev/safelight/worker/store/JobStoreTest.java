package dev.safelight.worker.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobError;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.job.Priority;
import dev.safelight.common.store.Database;
import dev.safelight.embedded.testing.TestJobs;
import dev.safelight.embedded.testing.TestServers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JobStoreTest {
    private static final Duration LEASE = Duration.ofSeconds(15);
    private static final JobError ERROR = new JobError("store_unreachable", "gone");
    private static final WorkerRow ROW =
            new WorkerRow(UUID.randomUUID(), "host", "cpu", List.of("default"), List.of("tiny"), 16, 32);

    private static Database database;
    private static TestJobs jobs;

    private final UUID owner = UUID.randomUUID();
    private final JobStore store = new JobStore(database, owner, LEASE);
    private final JobStore rival = new JobStore(database, UUID.randomUUID(), LEASE);

    @BeforeAll
    static void open() {
        database = Database.open(TestServers.newDatabase(), "test");
        jobs = new TestJobs(database, "default", "tiny", "v1");
    }

    @AfterAll
    static void close() {
        database.close();
    }

    @Test
    void aClaimTakesWhatIsQueuedAndDueAndNothingElse() {
        JobKey due = jobs.queued("a", Priority.NORMAL);
        JobKey urgent = jobs.queued("b", Priority.HIGH);
        JobKey later = jobs.queued("a", Priority.NORMAL);
        jobs.update(later, "available_at = now() + interval '1 minute'");
        JobKey late = jobs.queued("a", Priority.NORMAL);
        jobs.update(late, "deadline = now() - interval '1 second'");
        JobKey taken = jobs.queued("a", Priority.NORMAL);
        assertThat(rival.claim(List.of(taken))).hasSize(1);
        jobs.update(due, "released_at = now()");

        List<ClaimedJob> claimed =
                store.claim(List.of(due, urgent, later, late, taken, new JobKey("a", UUID.randomUUID())));

        assertThat(claimed).extracting(job -> job.fence()).containsExactly(new Fence(urgent, 1), new Fence(due, 1));
        assertThat(claimed.getLast())
                .returns("tiny", ClaimedJob::model)
                .returns("v1", ClaimedJob::bundle)
                .returns(1, ClaimedJob::priority)
                .returns(false, ClaimedJob::mustRunAlone);
        assertThat(jobs.row(due))
                .containsEntry("state", "running")
                .containsEntry("owner", owner)
                .containsEntry("released_at", null);
        assertThat(jobs.events(due)).containsExactly("started");
        assertThat(jobs.state(later)).isEqualTo(JobState.QUEUED);
        assertThat(jobs.state(late)).isEqualTo(JobState.QUEUED);
    }

    @Test
    void aClaimOfACanceledJobEndsIt() {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        jobs.update(job, "cancel_requested_at = now()");
        assertThat(store.claim(List.of(job))).isEmpty();
        assertThat(jobs.state(job)).isEqualTo(JobState.CANCELED);
        assertThat(jobs.events(job)).containsExactly("canceled");
    }

    /** Kafka may deliver a record to two workers, and polls overlap in any order. */
    @Test
    void ofManyClaimsOfTheSameJobsEachJobGoesToOneAndNoneDeadlocks() throws Exception {
        List<JobKey> all = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            all.add(jobs.queued("tenant" + i % 5, Priority.NORMAL));
        }
        List<Fence> taken = Collections.synchronizedList(new ArrayList<>());
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> claims = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                List<JobKey> shuffled = new ArrayList<>(all);
                Collections.shuffle(shuffled, new Random(i));
                JobStore claimant = new JobStore(database, UUID.randomUUID(), LEASE);
                List<JobKey> poll = shuffled.subList(0, 20);
                claims.add(threads.submit(() -> claimant.claim(poll).forEach(job -> taken.add(job.fence()))));
            }
            for (Future<?> claim : claims) {
                claim.get();
            }
        }
        assertThat(taken).doesNotHaveDuplicates().allMatch(fence -> fence.attempt() == 1);
        assertThat(taken.stream().map(Fence::job)).hasSizeGreaterThan(50).doesNotHaveDuplicates();
    }

    @Test
    void aClaimWhoseAnswerGotLostCanBeAdopted() {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        JobKey other = jobs.queued("a", Priority.NORMAL);
        store.claim(List.of(job));
        rival.claim(List.of(other));
        assertThat(store.adopt(List.of(job, other)))
                .extracting(ClaimedJob::fence)
                .containsExactly(new Fence(job, 1));
    }

    @Test
    void aBeatRenewsWhatIsHeldAndSaysWhatIsNot() {
        Fence held = claim(store);
        Fence canceled = claim(store);
        jobs.update(canceled.job(), "cancel_requested_at = now()");
        Fence lost = claim(rival);
        Fence old = new Fence(held.job(), 0);
        jobs.age(held.job(), "lease_until", Duration.ofSeconds(14));

        Map<Fence, Boolean> answer =
                store.beat(Map.of(held, at(3), canceled, at(0), lost, at(0), old, at(0)), ROW, false);

        assertThat(answer).containsOnly(Map.entry(held, false), Map.entry(canceled, true));
        assertThat(jobs.row(held.job())).containsEntry("step", 3);
        assertThat(jobs.count("job", "job_id = '" + held.job().jobId() + "' AND lease_until > now() + interval '14 s'"))
                .isOne();
        store.beat(Map.of(held, at(99)), ROW, true);
        assertThat(jobs.row(held.job())).as("never beyond its steps").containsEntry("step", 4);
        assertThat(jobs.count("worker", "worker_id = '" + owner + "' AND draining AND running = 1"))
                .isOne();
        store.retire();
        assertThat(jobs.count("worker", "worker_id = '" + owner + "'")).isZero();
    }

    @Test
    void successMakesOutputsAndEventsVisibleAtOnce() {
        Fence fence = claim(store);
        assertThat(store.settle(fence, new Settlement.Succeed(List.of(output(0), output(1))), Spent.NOTHING))
                .contains(JobState.SUCCEEDED);
        assertThat(jobs.events(fence.job())).containsExactly("started", "output", "output", "succeeded");
        assertThat(jobs.count("job_output", "job_id = '" + fence.job().jobId() + "' AND attempt = 1"))
                .isEqualTo(2);
        assertThat(jobs.row(fence.job())).containsEntry("step", 4).containsEntry("owner", null);
    }

    @Test
    void everyEndOfAnAttemptIsCountedOnceWithWhatItTook() {
        String tenant = "usage";
        JobKey job = jobs.queued(tenant, Priority.NORMAL);
        Fence first = claimOf(store, job);
        store.beat(Map.of(first, new Advance(1, new Spent(10, 0.25))), ROW, false);
        assertThat(jobs.count("usage_day", "tenant_id = 'usage'"))
                .as("a beat counts nothing")
                .isZero();
        Settlement back = new Settlement.GiveBack(ERROR, false, Duration.ZERO);
        store.settle(first, back, new Spent(12, 0.5));
        assertThat(usage(tenant)).isEqualTo("0 0 0 0 images 0 evaluations 12 seconds 0.5");
        assertThat(store.settle(first, back, new Spent(12, 0.5)))
                .as("a second time")
                .isEmpty();
        assertThat(usage(tenant)).isEqualTo("0 0 0 0 images 0 evaluations 12 seconds 0.5");

        Fence second = claimOf(store, job);
        assertThat(jobs.row(job)).as("an attempt starts at nothing").containsEntry("evaluations", 0L);
        store.settle(second, new Settlement.Succeed(List.of(output(0), output(1))), new Spent(20, 1));
        assertThat(usage(tenant)).isEqualTo("1 0 0 0 images 2 evaluations 32 seconds 1.5");

        store.settle(claimOf(rival, jobs.queued(tenant, Priority.NORMAL)), back, new Spent(9, 9));
        assertThat(usage(tenant)).as("not the owner").isEqualTo("1 0 0 0 images 2 evaluations 32 seconds 1.5");
        store.settle(
                claimOf(store, jobs.queued(tenant, Priority.NORMAL)), new Settlement.Fail(ERROR), new Spent(1, 0.125));
        store.settle(
                claimOf(store, jobs.queued(tenant, Priority.NORMAL)), new Settlement.Cancel(), new Spent(2, 0.125));
        assertThat(usage(tenant)).isEqualTo("1 1 1 0 images 2 evaluations 35 seconds 1.75");
    }

    /** What the rescuer does when a worker was killed: the last beat says what its attempt took. */
    @Test
    void whatAKilledWorkersAttemptTookIsKnownFromItsLastBeat() {
        JobKey job = jobs.queued("killed", Priority.NORMAL);
        Fence fence = claimOf(store, job);
        store.beat(Map.of(fence, new Advance(2, new Spent(40, 2))), ROW, false);
        jobs.update(job, "state = 'queued', owner = NULL, lease_until = NULL, crashes = 1");
        assertThat(usage("killed")).isEqualTo("0 0 0 0 images 0 evaluations 40 seconds 2");
        jobs.update(job, "state = 'canceled', finished_at = now()");
        assertThat(usage("killed")).isEqualTo("0 0 1 0 images 0 evaluations 40 seconds 2");
    }

    private static Fence claimOf(JobStore by, JobKey job) {
        return by.claim(List.of(job)).getFirst().fence();
    }

    private static Advance at(int step) {
        return new Advance(step, Spent.NOTHING);
    }

    private static String usage(String tenant) {
        return database.jdbi()
                .withHandle(handle -> handle.createQuery("""
                        SELECT format('%s %s %s %s images %s evaluations %s seconds %s', sum(succeeded), sum(failed),
                                      sum(canceled), sum(expired), sum(images), sum(evaluations), sum(device_seconds))
                        FROM usage_day WHERE tenant_id = :tenant AND day = (now() AT TIME ZONE 'UTC')::date""")
                        .bind("tenant", tenant)
                        .mapTo(String.class)
                        .one());
    }

    @Test
    void whoeverLostTheLeaseWritesNothing() {
        Fence fence = claim(store);
        jobs.update(fence.job(), "attempt = 2");
        for (Settlement settlement : List.of(
                new Settlement.Succeed(List.of(output(0))),
                new Settlement.Fail(ERROR),
                new Settlement.Cancel(),
                new Settlement.GiveBack(ERROR, true, Duration.ZERO))) {
            assertThat(store.settle(fence, settlement, Spent.NOTHING))
                    .as("%s", settlement)
                    .isEmpty();
            assertThat(rival.settle(new Fence(fence.job(), 2), settlement, Spent.NOTHING))
                    .as("another owner")
                    .isEmpty();
        }
        assertThat(store.runAlone(fence)).isFalse();
        assertThat(jobs.events(fence.job())).containsExactly("started");
        assertThat(jobs.count("job_output", "job_id = '" + fence.job().jobId() + "'"))
                .isZero();
    }

    @Test
    void aJobGoesBackWithoutAStrikeAsOftenAsNeeded() {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        for (int attempt = 1; attempt <= 5; attempt++) {
            Fence fence = store.claim(List.of(job)).getFirst().fence();
            assertThat(fence.attempt()).isEqualTo(attempt);
            assertThat(store.settle(fence, new Settlement.GiveBack(ERROR, false, Duration.ZERO), Spent.NOTHING))
                    .contains(JobState.QUEUED);
        }
        assertThat(jobs.row(job))
                .containsEntry("strikes", 0)
                .containsEntry("crashes", 0)
                .containsEntry("error", null);
    }

    @Test
    void theLastStrikeEndsTheJobAndTheWaitDoubles() {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        for (int strike = 1; strike <= 3; strike++) {
            Fence fence = store.claim(List.of(job)).getFirst().fence();
            assertThat(store.settle(fence, new Settlement.GiveBack(ERROR, true, Duration.ofSeconds(10)), Spent.NOTHING))
                    .contains(strike < 3 ? JobState.QUEUED : JobState.FAILED);
            if (strike < 3) {
                long seconds = 10L << (strike - 1);
                assertThat(jobs.count(
                                "job",
                                "job_id = '%s' AND available_at BETWEEN now() + interval '%d s' AND now() + interval '%d s'"
                                        .formatted(job.jobId(), seconds - 2, seconds)))
                        .isOne();
                jobs.update(job, "available_at = now()");
            }
        }
        assertThat(jobs.events(job)).containsExactly("started", "returned", "started", "returned", "started", "failed");
        assertThat(jobs.row(job).get("error").toString()).contains("store_unreachable");
    }

    @Test
    void aJobThatGoesBackAfterACancelIsCanceled() {
        Fence fence = claim(store);
        jobs.update(fence.job(), "cancel_requested_at = now()");
        assertThat(store.settle(fence, new Settlement.GiveBack(ERROR, false, Duration.ZERO), Spent.NOTHING))
                .contains(JobState.CANCELED);
    }

    @Test
    void standingSaysWhoseEndItWas() {
        Fence fence = claim(store);
        store.settle(fence, new Settlement.Fail(ERROR), Spent.NOTHING);
        assertThat(store.standing(fence.job())).contains(new JobStore.Standing(JobState.FAILED, 1));
        assertThat(store.standing(new JobKey("a", UUID.randomUUID()))).isEmpty();
    }

    /** Each line breaks one rule of the life cycle, on a row that is otherwise in order. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "state = 'lost'",
                "state = 'running'",
                "state = 'running', owner = gen_random_uuid(), lease_until = now()",
                "state = 'running', owner = gen_random_uuid(), attempt = 1, started_at = now()",
                "owner = gen_random_uuid()",
                "lease_until = now()",
                "alone = true",
                "state = 'succeeded', finished_at = now()",
                "state = 'succeeded', finished_at = now(), attempt = 1, started_at = now(), error = '{}'",
                "state = 'succeeded', attempt = 1, started_at = now()",
                "state = 'failed', finished_at = now()",
                "state = 'canceled'",
                "finished_at = now()",
                "state = 'canceled', finished_at = now(), released_at = now()",
                "state = 'expired', finished_at = now()",
                "state = 'expired', finished_at = now(), deadline = now(), started_at = now()",
                "idempotency_key = 'k'",
                "request_hash = '\\x00'",
                "attempt = -1",
                "strikes = -1",
                "crashes = -1",
                "step = -1",
                "steps = 0",
                "max_attempts = 0",
                "priority = 3"
            })
    void anIllegalRowIsRefused(String assignments) {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        assertThatThrownBy(() -> jobs.update(job, assignments))
                .isInstanceOf(UnableToExecuteStatementException.class)
                .hasMessageContaining("check constraint");
        assertThat(jobs.state(job)).isEqualTo(JobState.QUEUED);
    }

    @Test
    void postgresSaysWhatPassesAndWhatDoesNot() {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        assertThatThrownBy(() -> jobs.update(job, "attempt = -1"))
                .satisfies(failure -> assertThat(Transient.is(failure)).isFalse());
        assertThatThrownBy(() -> database.jdbi().useHandle(handle -> {
                    handle.execute("SET statement_timeout = '10ms'");
                    handle.execute("SELECT pg_sleep(5)");
                }))
                .satisfies(failure -> assertThat(Transient.is(failure)).isTrue());
        assertThatThrownBy(() -> database.jdbi()
                        .useHandle(handle -> handle.createQuery("SELECT pg_terminate_backend(pg_backend_pid())")
                                .mapTo(boolean.class)
                                .one()))
                .satisfies(failure -> assertThat(Transient.is(failure)).isTrue());
    }

    @Test
    void aLeaseLastsAsLongAsConfiguredInPostgresTime() {
        Fence fence = claim(store);
        assertThat(jobs.count(
                        "job", "job_id = '" + fence.job().jobId() + "' AND lease_until = started_at + interval '15 s'"))
                .isOne();
    }

    private Fence claim(JobStore claimant) {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        List<ClaimedJob> claimed = claimant.claim(Set.of(job));
        assertThat(claimed).hasSize(1);
        return claimed.getFirst().fence();
    }

    private static StoredOutput output(int ordinal) {
        return new StoredOutput(ordinal, "outputs/" + ordinal, "image/png", 28, 28, 100, "00".repeat(32), 7 + ordinal);
    }
}
