package dev.safelight.worker.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.config.StoreSettings;
import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobError;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.store.CheckpointKey;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.ObjectStores;
import dev.safelight.embedded.testing.TestJobs;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.worker.checkpoint.Checkpoint.Origin;
import dev.safelight.worker.checkpoint.Checkpoint.Place;
import dev.safelight.worker.store.CheckpointStore;
import dev.safelight.worker.store.JobStore;
import dev.safelight.worker.store.Settlement;
import dev.safelight.worker.store.Spent;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Checkpoints on a real Postgres and a real store. */
class CheckpointsTest {
    private static final Duration LEASE = Duration.ofSeconds(15);
    private static final Origin ORIGIN = new Origin("v1", "ddim", 1, "State()", "digest");
    private static final int MOST_INLINE = 2_000;

    private static Database database;
    private static TestJobs jobs;
    private static ObjectStore objects;

    private final Worker worker = new Worker();
    private final Worker rival = new Worker();

    /** One worker's stores. */
    private static final class Worker {
        final UUID id = UUID.randomUUID();
        final JobStore store = new JobStore(database, id, LEASE);
        final Checkpoints checkpoints = new Checkpoints(
                new CheckpointStore(database, id), objects, Duration.ZERO, MOST_INLINE, new SimpleMeterRegistry());

        Fence claim(JobKey job) {
            return store.claim(List.of(job)).getFirst().fence();
        }

        /** Registers a job whose place can be moved. */
        AtomicReference<Checkpoint> follow(Fence fence) {
            AtomicReference<Checkpoint> place = new AtomicReference<>();
            checkpoints.add(fence, () -> Optional.ofNullable(place.get()));
            return place;
        }
    }

    @BeforeAll
    static void open() throws IOException {
        database = Database.open(TestServers.newDatabase(), "test");
        jobs = new TestJobs(database, "default", "tiny", "v1");
        objects = ObjectStores.open(new StoreSettings(
                StoreSettings.Kind.FILE, TestServers.newFolder("checkpoints"), "", "", "", "", "", ""));
    }

    @AfterAll
    static void close() {
        objects.close();
        database.close();
    }

    @Test
    void anotherWorkerFindsTheLastStateThatWasSaved() {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        Fence first = worker.claim(job);
        AtomicReference<Checkpoint> place = worker.follow(first);
        worker.checkpoints.runOnce();
        assertThat(rows(job)).as("nothing before the first step").isZero();

        place.set(at(1));
        worker.checkpoints.runOnce();
        place.set(at(2));
        worker.checkpoints.runOnce();
        worker.checkpoints.runOnce();
        handBack(worker, first);

        Fence second = rival.claim(job);
        rival.follow(second);
        assertThat(rival.checkpoints.load(second))
                .get()
                .usingRecursiveComparison()
                .isEqualTo(at(2));
        rival.checkpoints.resumed(second, 2);
        assertThat(jobs.row(job)).containsEntry("resumed_from_step", 2).containsEntry("step", 2);

        // The next attempt starts over: the job says so.
        handBack(rival, second);
        worker.claim(job);
        assertThat(jobs.row(job).get("resumed_from_step")).isNull();
    }

    @Test
    void manyJobsAreSavedTogether() {
        List<JobKey> keys = Stream.generate(() -> jobs.queued("many", Priority.NORMAL))
                .limit(20)
                .toList();
        for (JobKey job : keys) {
            worker.follow(worker.claim(job)).set(at(3));
        }
        worker.checkpoints.runOnce();
        assertThat(jobs.count("checkpoint", "tenant_id = 'many' AND advance = 3"))
                .isEqualTo(20);
    }

    @Test
    void whoeverLostTheJobSavesNothing() {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        Fence lost = worker.claim(job);
        AtomicReference<Checkpoint> late = worker.follow(lost);
        handBack(worker, lost);
        late.set(at(5));
        worker.checkpoints.runOnce();
        assertThat(rows(job)).as("the job is queued").isZero();

        Fence held = rival.claim(job);
        rival.follow(held).set(at(1));
        rival.checkpoints.runOnce();
        late.set(at(6));
        worker.checkpoints.runOnce();
        rival.checkpoints.load(held);
        assertThat(rival.checkpoints.load(held))
                .get()
                .extracting(Checkpoint::step)
                .isEqualTo(1);
        assertThat(worker.checkpoints.load(lost)).as("nor does it read any").isEmpty();
    }

    /** The thread of an attempt saves for the last time while the background is about to write what it saw before. */
    @Test
    void anEarlierStateNeverReplacesALaterOne() {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        Fence fence = worker.claim(job);
        CheckpointStore store = new CheckpointStore(database, worker.id);
        assertThat(store.save(List.of(inline(fence, 7)))).containsExactly(fence);
        assertThat(store.save(List.of(inline(fence, 6)))).isEmpty();
        assertThat(jobs.count("checkpoint", "job_id = '" + job.jobId() + "' AND advance = 7"))
                .isOne();
    }

    @Test
    void aRestartedAttemptReplacesWhatAnEarlierOneHadReached() {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        Fence first = worker.claim(job);
        worker.follow(first).set(at(9));
        worker.checkpoints.save(first);
        handBack(worker, first);
        Fence second = rival.claim(job);
        rival.follow(second).set(at(1));
        rival.checkpoints.runOnce();
        assertThat(jobs.count("checkpoint", "job_id = '" + job.jobId() + "' AND attempt = 2 AND advance = 1"))
                .isOne();
    }

    @Test
    void whatIsTooLargeForARowLiesInTheStoreAndGoesWhenReplaced() throws IOException {
        JobKey job = jobs.queued("large", Priority.NORMAL);
        Fence first = worker.claim(job);
        AtomicReference<Checkpoint> place = worker.follow(first);
        place.set(large(1));
        worker.checkpoints.runOnce();
        place.set(large(2));
        worker.checkpoints.runOnce();
        assertThat(keys("large")).containsExactly(new CheckpointKey(first, 2).path());
        handBack(worker, first);
        worker.checkpoints.remove(first, false);

        Fence second = rival.claim(job);
        AtomicReference<Checkpoint> further = rival.follow(second);
        assertThat(rival.checkpoints.load(second))
                .get()
                .usingRecursiveComparison()
                .isEqualTo(large(2));
        further.set(large(3));
        rival.checkpoints.runOnce();
        assertThat(keys("large")).containsExactly(new CheckpointKey(second, 3).path());

        rival.store.settle(second, new Settlement.Cancel(), Spent.NOTHING);
        rival.checkpoints.remove(second, true);
        assertThat(keys("large")).isEmpty();
        assertThat(rows(job)).isZero();
    }

    @Test
    void aCheckpointThatCannotBeReadIsNone() throws IOException {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        Fence first = worker.claim(job);
        worker.follow(first).set(large(1));
        worker.checkpoints.runOnce();
        objects.delete(new CheckpointKey(first, 1).path());
        handBack(worker, first);
        Fence second = worker.claim(job);
        worker.follow(second);
        assertThat(worker.checkpoints.load(second)).isEmpty();

        database.jdbi()
                .useHandle(handle -> handle.execute(
                        "UPDATE checkpoint SET content = '\\x0102', object_key = NULL WHERE job_id = ?", job.jobId()));
        assertThat(worker.checkpoints.load(second)).isEmpty();
    }

    /** However a job ends, and whoever ends it. */
    @Test
    void theRowGoesWithTheJobsEnd() {
        for (Settlement end : List.of(
                new Settlement.Succeed(List.of()),
                new Settlement.Fail(new JobError("network_failed", "no")),
                new Settlement.Cancel())) {
            JobKey job = jobs.queued("end", Priority.NORMAL);
            Fence fence = worker.claim(job);
            worker.follow(fence).set(at(2));
            worker.checkpoints.runOnce();
            assertThat(rows(job)).isOne();
            worker.store.settle(fence, end, Spent.NOTHING);
            assertThat(rows(job)).as("%s", end).isZero();
            worker.checkpoints.runOnce();
            assertThat(rows(job)).isZero();
        }
    }

    private static void handBack(Worker worker, Fence fence) {
        worker.store.settle(
                fence, new Settlement.GiveBack(new JobError("draining", "bye"), false, Duration.ZERO), Spent.NOTHING);
    }

    private static Checkpoint at(int step) {
        return new Checkpoint(ORIGIN, List.of(new Place(step, new byte[] {(byte) step}, null)));
    }

    private static Checkpoint large(int step) {
        return new Checkpoint(ORIGIN, List.of(new Place(step, new byte[MOST_INLINE], null)));
    }

    private static CheckpointStore.Saved inline(Fence fence, long advance) {
        return new CheckpointStore.Saved(fence, advance, new CheckpointStore.Content.Inline(new byte[] {1}));
    }

    private static long rows(JobKey job) {
        return jobs.count("checkpoint", "job_id = '" + job.jobId() + "'");
    }

    private static List<String> keys(String tenant) throws IOException {
        try (Stream<ObjectStore.Entry> entries = objects.list(CheckpointKey.PREFIX + tenant + "/")) {
            return entries.map(ObjectStore.Entry::key).toList();
        }
    }
}
