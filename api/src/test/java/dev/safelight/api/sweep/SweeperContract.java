package dev.safelight.api.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.store.CheckpointKey;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.FileKey;
import dev.safelight.common.store.InputImageKey;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.OutputKey;
import dev.safelight.embedded.testing.TestServers;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is swept and what survives; each store runs it, on a real Postgres. */
abstract class SweeperContract {
    private static final SweepSettings SETTINGS = new SweepSettings(Duration.ofMinutes(10), Duration.ofHours(1));
    private static final int STEPS = 10;

    private static Database database;

    private final MeterRegistry meters = new SimpleMeterRegistry();

    abstract ObjectStore store();

    @BeforeAll
    static void openDatabase() {
        database = Database.open(TestServers.newDatabase(), "sweeper-test");
    }

    @AfterAll
    static void closeDatabase() {
        database.close();
    }

    @AfterEach
    void emptyTheStore() throws IOException {
        for (String key : keys()) {
            store().delete(key);
        }
    }

    @Test
    void theFilesOfAnEarlierAttemptGoAndThoseOfTheCurrentOneStay() throws IOException {
        JobKey job = job("running", 3);
        String first = put(job, 1);
        String second = put(job, 2);
        String current = put(job, 3);
        assertThat(sweeper(later()).runOnce()).isEqualTo(2);
        assertThat(keys()).containsExactly(current).doesNotContain(first, second);
    }

    @Test
    void aTerminalJobKeepsWhatItShowsAndNothingElse() throws IOException {
        JobKey job = job("succeeded", 2);
        String late = put(job, 1);
        String shown = put(job, 2);
        show(job, 2, shown);
        assertThat(sweeper(later()).runOnce()).isEqualTo(1);
        assertThat(keys()).containsExactly(shown).doesNotContain(late);
    }

    @Test
    void aJobThatFailedOrWasCanceledKeepsNothing() throws IOException {
        put(job("failed", 2), 2);
        put(job("canceled", 1), 1);
        assertThat(sweeper(later()).runOnce()).isEqualTo(2);
        assertThat(keys()).isEmpty();
    }

    @Test
    void theFilesOfADeletedJobGo() throws IOException {
        put(new JobKey(JobKey.DEFAULT_TENANT, JobIds.next()), 1);
        assertThat(sweeper(later()).runOnce()).isEqualTo(1);
        assertThat(keys()).isEmpty();
    }

    /** A job of the same id belongs to somebody else. */
    @Test
    void theFilesOfAnotherTenantAreNotMistakenForTheJobs() throws IOException {
        JobKey job = job("succeeded", 1);
        String shown = put(job, 1);
        show(job, 1, shown);
        put(new JobKey("another", job.jobId()), 1);
        assertThat(sweeper(later()).runOnce()).isEqualTo(1);
        assertThat(keys()).containsExactly(shown);
    }

    @Test
    void nothingYoungIsTouched() throws IOException {
        String young = put(job("failed", 1), 1);
        assertThat(sweeper(Instant.now().plus(Duration.ofMinutes(59))).runOnce())
                .isZero();
        assertThat(keys()).containsExactly(young);
    }

    @Test
    void whatIsNoOutputIsNotTouched() throws IOException {
        store().put("outputs/somebody-else.txt", new byte[] {1}, "text/plain");
        assertThat(sweeper(later()).runOnce()).isZero();
        assertThat(keys()).containsExactly("outputs/somebody-else.txt");
    }

    /** A worker that was paused writes after its files were swept: the next walk finds them. */
    @Test
    void aLateWriterIsSweptAgain() throws IOException {
        JobKey job = job("succeeded", 2);
        String shown = put(job, 2);
        show(job, 2, shown);
        for (int round = 0; round < 2; round++) {
            put(job, 1);
            assertThat(sweeper(later()).runOnce()).isEqualTo(1);
            assertThat(keys()).containsExactly(shown);
        }
        assertThat(meters.get("safelight.swept").counter().count()).isEqualTo(2);
    }

    @Test
    void checkpointsGoOnceNoJobGoesOnFromThem() throws IOException {
        JobKey job = job("running", 2);
        String replaced = checkpoint(job, 10);
        String current = checkpoint(job, 20);
        refer(job, current);
        assertThat(sweeper(Instant.now()).runOnce()).as("young ones stay").isZero();
        assertThat(sweeper(later()).runOnce()).isEqualTo(1);
        assertThat(store().size(replaced)).isEmpty();
        assertThat(store().size(current)).isPresent();

        // The row goes with the job's end, and the sweeper finds what it referred to.
        database.jdbi()
                .useHandle(handle ->
                        handle.createUpdate("""
                        UPDATE job SET state = 'canceled', finished_at = now(), owner = NULL, lease_until = NULL
                        WHERE job_id = :job
                        """).bind("job", job.jobId()).execute());
        assertThat(sweeper(later()).runOnce()).isEqualTo(1);
        assertThat(store().size(current)).isEmpty();
    }

    @Test
    void anOutputGoesWhenItsTimeIsOverHoweverYoungItIsAndItsRowStays() throws IOException {
        JobKey over = job("succeeded", 1);
        show(over, 1, put(over, 1));
        expire(over, "now() - interval '1 second'", "NULL");
        JobKey notYet = job("succeeded", 1);
        String kept = put(notYet, 1);
        show(notYet, 1, kept);
        expire(notYet, "now() + interval '1 minute'", "NULL");
        assertThat(sweeper(Instant.now()).runOnce()).isEqualTo(1);
        assertThat(keys()).containsExactly(kept);
        List<UUID> swept = database.jdbi()
                .withHandle(handle -> handle.createQuery(
                                "SELECT job_id FROM job_output WHERE swept_at IS NOT NULL AND job_id = :job")
                        .bind("job", over.jobId())
                        .mapTo(UUID.class)
                        .list());
        assertThat(swept).as("the row says so").containsExactly(over.jobId());
        assertThat(meters.get("safelight.outputs.expired").counter().count()).isEqualTo(1);
        assertThat(sweeper(Instant.now()).runOnce()).as("a second time").isZero();
    }

    @Test
    void anUploadGoesWithItsTimeAndAnObjectThatNoRowRefersToGoesOnceItIsOld() throws IOException {
        FileKey kept = file("now() + interval '1 minute'");
        FileKey over = file("now() - interval '1 second'");
        FileKey lost = new FileKey("default", JobIds.next());
        store().put(lost.path(), new byte[] {1}, "image/png");
        assertThat(sweeper(Instant.now()).runOnce()).isEqualTo(1);
        assertThat(store().size(over.path())).isEmpty();
        assertThat(store().size(lost.path())).as("its row may be on the way").isPresent();
        assertThat(sweeper(later()).runOnce()).isEqualTo(1);
        assertThat(store().size(lost.path())).isEmpty();
        assertThat(store().size(kept.path())).isPresent();
        store().delete(kept.path());
    }

    /** An image stays while a job may want it, and for the grace of a request that is about to name it. */
    @Test
    void imagesOfJobsGoWithTheLastJobThatNamesThem() throws IOException {
        String nobodys = image("a", "now() - interval '1 second'");
        String held = image("b", "now() + interval '10 minutes'");
        String queued = image("c", "now() - interval '1 second'");
        String ended = image("d", "now() - interval '1 second'");
        String over = image("e", "now() - interval '1 second'");
        String orphan = new InputImageKey("default", "f".repeat(64), UUID.randomUUID()).path();
        store().put(orphan, new byte[] {1}, "image/png");
        name(job("running", 1), "image", "c", null);
        name(job("succeeded", 1), "mask", "d", null);
        name(job("succeeded", 1), "image", "e", 1);

        assertThat(sweeper(Instant.now()).runOnce()).isEqualTo(2);
        assertThat(images())
                .containsExactlyInAnyOrder(held, queued, ended, orphan)
                .doesNotContain(nobodys, over);
        assertThat(sweeper(later()).runOnce()).isEqualTo(1);
        assertThat(images()).containsExactlyInAnyOrder(held, queued, ended);
        for (String left : images()) {
            store().delete(left);
        }
        database.jdbi().useHandle(handle -> handle.execute("DELETE FROM input_image"));
    }

    private List<String> images() throws IOException {
        try (Stream<ObjectStore.Entry> entries = store().list(InputImageKey.PREFIX)) {
            return entries.map(ObjectStore.Entry::key).toList();
        }
    }

    private String image(String letter, String keptUntil) throws IOException {
        InputImageKey key = new InputImageKey("default", letter.repeat(64), UUID.randomUUID());
        store().put(key.path(), new byte[] {1}, "image/png");
        database.jdbi()
                .useHandle(handle -> handle.execute(
                        "INSERT INTO input_image (tenant_id, sha256, object_key, width, height, bytes, kept_until)"
                                + " VALUES (?, decode(?, 'hex'), ?, 1, 1, 1, " + keptUntil + ")",
                        key.tenantId(),
                        key.sha256(),
                        key.path()));
        return key.path();
    }

    private static void name(JobKey job, String field, String letter, Integer expiresIn) {
        database.jdbi()
                .useHandle(handle -> handle.execute(
                        "UPDATE job SET input = jsonb_build_object(?, 'sha256:' || repeat(?, 64)), expires_in = ?,"
                                + " finished_at = finished_at - interval '1 hour', started_at = started_at - interval '1 hour',"
                                + " created_at = created_at - interval '1 hour' WHERE tenant_id = ? AND job_id = ?",
                        field,
                        letter,
                        expiresIn,
                        job.tenantId(),
                        job.jobId()));
    }

    private FileKey file(String expiresAt) throws IOException {
        FileKey key = new FileKey("default", JobIds.next());
        store().put(key.path(), new byte[] {1}, "image/png");
        database.jdbi()
                .useHandle(handle -> handle.execute(
                        "INSERT INTO file (tenant_id, file_id, object_key, content_type, width, height, bytes, sha256,"
                                + " expires_at) VALUES (?, ?, ?, 'image/png', 1, 1, 1, sha256(''), " + expiresAt + ")",
                        key.tenantId(),
                        key.fileId(),
                        key.path()));
        return key;
    }

    /** The process died between the commit and the removal. */
    @Test
    void theWalkFindsWhatWasGivenUpAndNotRemoved() throws IOException {
        JobKey job = job("succeeded", 1);
        show(job, 1, put(job, 1));
        expire(job, "now() - interval '1 hour'", "now()");
        assertThat(sweeper(Instant.now()).runOnce()).isZero();
        assertThat(sweeper(later()).runOnce()).isEqualTo(1);
        assertThat(keys()).isEmpty();
    }

    private static void expire(JobKey job, String expiresAt, String sweptAt) {
        database.jdbi()
                .useHandle(handle -> handle.execute(
                        "UPDATE job_output SET expires_at = " + expiresAt + ", swept_at = " + sweptAt
                                + " WHERE tenant_id = ? AND job_id = ?",
                        job.tenantId(),
                        job.jobId()));
    }

    /** More objects than one statement asks about. */
    @Test
    void aLargeStoreIsSweptInBatches() throws IOException {
        JobKey failed = job("failed", 1);
        JobKey running = job("running", 1);
        for (int ordinal = 0; ordinal < 600; ordinal++) {
            put(failed, 1, ordinal);
        }
        String current = put(running, 1);
        assertThat(sweeper(later()).runOnce()).isEqualTo(600);
        assertThat(keys()).containsExactly(current);
    }

    @Test
    void whatCannotBeRemovedKeepsNothingElseFromGoing() throws IOException {
        JobKey failed = job("failed", 1);
        String stuck = put(failed, 1, 0);
        put(failed, 1, 1);
        put(failed, 1, 2);
        String checkpoint = checkpoint(failed, 20);
        ObjectStore broken = new Stuck(store(), stuck);
        Sweeper sweeper = new Sweeper(database, broken, SETTINGS, Clock.fixed(later(), ZoneOffset.UTC), meters);
        assertThat(sweeper.runOnce()).isEqualTo(3);
        assertThat(keys()).containsExactly(stuck);
        assertThat(store().size(checkpoint)).isEmpty();
        assertThat(meters.get("safelight.swept").counter().count()).isEqualTo(3);
    }

    /** A store in which one object cannot be removed. */
    private record Stuck(ObjectStore rest, String stuck) implements ObjectStore {
        @Override
        public void delete(String key) throws IOException {
            if (key.equals(stuck)) {
                throw new IOException("not permitted");
            }
            rest.delete(key);
        }

        @Override
        public void put(String key, byte[] bytes, String contentType) throws IOException {
            rest.put(key, bytes, contentType);
        }

        @Override
        public InputStream open(String key, long first, long last) throws IOException {
            return rest.open(key, first, last);
        }

        @Override
        public Optional<Long> size(String key) throws IOException {
            return rest.size(key);
        }

        @Override
        public Stream<Entry> list(String prefix) throws IOException {
            return rest.list(prefix);
        }

        @Override
        public Optional<URI> presign(String key, String contentType, Duration validity) {
            return rest.presign(key, contentType, validity);
        }

        @Override
        public String identity() throws IOException {
            return rest.identity();
        }

        @Override
        public void close() {
            rest.close();
        }
    }

    @Test
    void oneWalksAtATime() throws IOException {
        put(job("failed", 1), 1);
        try (Handle other = database.jdbi().open()) {
            other.createQuery("SELECT pg_try_advisory_lock(hashtext('safelight.sweep'), 0)")
                    .mapTo(boolean.class)
                    .one();
            assertThat(sweeper(later()).runOnce()).isZero();
            other.execute("SELECT pg_advisory_unlock_all()");
        }
        assertThat(sweeper(later()).runOnce()).isEqualTo(1);
    }

    private Sweeper sweeper(Instant now) {
        return new Sweeper(database, store(), SETTINGS, Clock.fixed(now, ZoneOffset.UTC), meters);
    }

    private static Instant later() {
        return Instant.now().plus(Duration.ofMinutes(61));
    }

    private String put(JobKey job, int attempt) throws IOException {
        return put(job, attempt, 0);
    }

    private String put(JobKey job, int attempt, int ordinal) throws IOException {
        String path = new OutputKey(new Fence(job, attempt), ordinal, "png").path();
        store().put(path, new byte[] {1, 2, 3}, "image/png");
        return path;
    }

    private String checkpoint(JobKey job, long advance) throws IOException {
        String path = new CheckpointKey(new Fence(job, 2), advance).path();
        store().put(path, new byte[] {1, 2, 3}, "application/octet-stream");
        return path;
    }

    private static void refer(JobKey job, String path) {
        database.jdbi()
                .useHandle(handle -> handle.createUpdate("""
                        INSERT INTO checkpoint (tenant_id, job_id, attempt, advance, object_key)
                        VALUES (:tenant, :job, 2, 20, :path)
                        """)
                        .bind("tenant", job.tenantId())
                        .bind("job", job.jobId())
                        .bind("path", path)
                        .execute());
    }

    private List<String> keys() throws IOException {
        try (Stream<ObjectStore.Entry> entries = store().list(OutputKey.PREFIX)) {
            return entries.map(ObjectStore.Entry::key).toList();
        }
    }

    private static JobKey job(String state, int attempt) {
        JobKey key = new JobKey(JobKey.DEFAULT_TENANT, JobIds.next());
        database.jdbi()
                .useHandle(handle -> handle.createUpdate("""
                        INSERT INTO job (tenant_id, job_id, queue, model, bundle, input, steps, state, attempt,
                                         started_at, finished_at, owner, lease_until, error)
                        VALUES (:tenant, :job, 'default', 'fashion', 'version', '{}', :steps, :state, :attempt, now(),
                                CASE WHEN :state <> 'running' THEN now() END,
                                CASE WHEN :state = 'running' THEN gen_random_uuid() END,
                                CASE WHEN :state = 'running' THEN now() END,
                                CASE WHEN :state = 'failed' THEN '{}'::jsonb END)
                        """)
                        .bind("tenant", key.tenantId())
                        .bind("job", key.jobId())
                        .bind("steps", STEPS)
                        .bind("state", state)
                        .bind("attempt", attempt)
                        .execute());
        return key;
    }

    private static void show(JobKey job, int attempt, String path) {
        database.jdbi()
                .useHandle(handle -> handle.createUpdate("""
                        INSERT INTO job_output (tenant_id, job_id, ordinal, attempt, object_key, content_type, width,
                                                height, bytes, sha256, seed)
                        VALUES (:tenant, :job, 0, :attempt, :path, 'image/png', 28, 28, 3, sha256('x'), 7)
                        """)
                        .bind("tenant", job.tenantId())
                        .bind("job", job.jobId())
                        .bind("attempt", attempt)
                        .bind("path", path)
                        .execute());
    }
}
