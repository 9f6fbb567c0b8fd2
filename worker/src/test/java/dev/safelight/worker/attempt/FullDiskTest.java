package dev.safelight.worker.attempt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.FileObjectStore;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.StoreFullException;
import dev.safelight.embedded.testing.TestJobs;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.lease.Leases;
import dev.safelight.worker.output.Origin;
import dev.safelight.worker.output.OutputWriter;
import dev.safelight.worker.store.JobStore;
import dev.safelight.worker.store.Spent;
import dev.safelight.worker.store.StoredOutput;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Disks without room, below the store and below Postgres: work waits, nothing is lost, and it goes on by itself. */
@Timeout(60)
class FullDiskTest {
    private static final Picture PICTURE = new Picture(1, 1, 1, new byte[] {7});
    private static final GenerationInput INPUT = TestJobs.input(1, 4);
    private static final Origin ORIGIN = new Origin("tiny", "v1", INPUT);

    private static Database database;
    private static TestJobs jobs;
    private static ExecutorService threads;

    @BeforeAll
    static void open() {
        database = Database.open(TestServers.newDatabase(), "test");
        jobs = new TestJobs(database, "default", "tiny", "v1");
        threads = Executors.newVirtualThreadPerTaskExecutor();
    }

    @AfterAll
    static void close() {
        threads.close();
        database.close();
    }

    @Test
    void anAttemptWaitsForRoomInTheStoreHoweverLongItTakes() throws Exception {
        FullStore store = new FullStore();
        CountDownLatch refusals = new CountDownLatch(3);
        // No patience at all for a store that is away.
        PatientWriter writer =
                new PatientWriter(new OutputWriter(store), Duration.ZERO, refusals::countDown, System::nanoTime);
        Fence fence = new Fence(new JobKey("default", UUID.randomUUID()), 1);
        Future<List<StoredOutput>> written = threads.submit(() ->
                writer.write(fence, ORIGIN, new TreeMap<>(Map.of(0, PICTURE, 1, PICTURE)), () -> true, () -> true));
        refusals.await();
        assertThat(written.isDone()).isFalse();
        store.room = true;
        assertThat(written.get()).hasSize(2);
        for (StoredOutput output : written.get()) {
            assertThat(store.size(output.key())).contains(output.bytes());
        }
        assertThat(store.files)
                .as("files that were made, however often they were put")
                .hasSize(2);
    }

    @Test
    void aWorkerThatLeavesDoesNotWait() throws IOException {
        PatientWriter writer =
                new PatientWriter(new OutputWriter(new FullStore()), Duration.ofMinutes(1), () -> {}, System::nanoTime);
        Fence fence = new Fence(new JobKey("default", UUID.randomUUID()), 1);
        assertThatThrownBy(
                        () -> writer.write(fence, ORIGIN, new TreeMap<>(Map.of(0, PICTURE)), () -> true, () -> false))
                .isInstanceOf(PatientWriter.LeaseGone.class);
    }

    /** 53100 is what Postgres says when it cannot extend a file; a trigger says it here. */
    @Test
    void aResultIsNotGivenUpWhilePostgresHasNoRoom() throws Exception {
        JobStore store = new JobStore(database, UUID.randomUUID(), Duration.ofMinutes(5));
        JobKey job = jobs.queued("default", Priority.NORMAL, INPUT);
        Fence fence = store.claim(List.of(job)).getFirst().fence();
        for (String statement : List.of("CREATE SEQUENCE refusals", """
                CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    PERFORM nextval('refusals');
                    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
                END $$""", """
                CREATE TRIGGER full_disk BEFORE UPDATE OF state ON job
                    FOR EACH ROW WHEN (NEW.state = 'succeeded') EXECUTE FUNCTION full_disk()""")) {
            database.jdbi().useHandle(handle -> handle.execute(statement));
        }
        Settler settler = new Settler(
                store, new Leases(Duration.ofHours(1), System::nanoTime), Duration.ofMinutes(1), System::nanoTime);
        StoredOutput output = new StoredOutput(0, "outputs/x", "image/png", 1, 1, 1, "00".repeat(32), 1);
        Future<JobState> settled = threads.submit(() -> settler.settle(
                fence, new AttemptOutcome.Succeeded(List.of(output), List.of()), Spent.NOTHING, () -> {}));
        while (refusals() < 3) {
            assertThat(settled.isDone()).isFalse();
        }
        assertThat(jobs.state(job)).isEqualTo(JobState.RUNNING);
        database.jdbi().useHandle(handle -> handle.execute("DROP TRIGGER full_disk ON job"));
        assertThat(settled.get()).isEqualTo(JobState.SUCCEEDED);
        assertThat(jobs.count("job_output", "job_id = '" + job.jobId() + "'")).isOne();
        assertThat(jobs.row(job)).containsEntry("strikes", 0);
    }

    /** A sequence is not undone with its transaction. */
    private static long refusals() {
        return database.jdbi()
                .withHandle(handle -> handle.createQuery("SELECT last_value FROM refusals")
                        .mapTo(long.class)
                        .one());
    }

    /** A store on a full disk. */
    private static final class FullStore implements ObjectStore {
        private final ObjectStore store;
        private final Set<byte[]> files =
                Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));
        private volatile boolean room;

        FullStore() throws IOException {
            store = FileObjectStore.open(TestServers.newFolder("full"), Clock.systemUTC());
        }

        @Override
        public void put(String key, byte[] bytes, String contentType) throws IOException {
            files.add(bytes);
            if (!room) {
                throw new StoreFullException("test", null);
            }
            store.put(key, bytes, contentType);
        }

        @Override
        public InputStream open(String key, long first, long last) throws IOException {
            return store.open(key, first, last);
        }

        @Override
        public Optional<Long> size(String key) throws IOException {
            return store.size(key);
        }

        @Override
        public void delete(String key) throws IOException {
            store.delete(key);
        }

        @Override
        public Stream<Entry> list(String prefix) throws IOException {
            return store.list(prefix);
        }

        @Override
        public Optional<URI> presign(String key, String contentType, Duration validity) {
            return Optional.empty();
        }

        @Override
        public String identity() throws IOException {
            return store.identity();
        }

        @Override
        public void close() {
            store.close();
        }
    }
}
