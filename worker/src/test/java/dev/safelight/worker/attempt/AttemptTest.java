package dev.safelight.worker.attempt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.bundle.BundleShelf;
import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.request.ImageDigest;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.FileObjectStore;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.embedded.testing.TestJobs;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.worker.WorkerProcess.Equipment;
import dev.safelight.worker.WorkerSettings;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.EvaluationStopped;
import dev.safelight.worker.batch.Networks;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.checkpoint.Checkpoints;
import dev.safelight.worker.generate.Fitted;
import dev.safelight.worker.generate.Model;
import dev.safelight.worker.generate.ModelCache;
import dev.safelight.worker.intake.Room;
import dev.safelight.worker.lease.Heartbeat;
import dev.safelight.worker.lease.Leases;
import dev.safelight.worker.output.Png;
import dev.safelight.worker.preview.Previews;
import dev.safelight.worker.safety.Reviewer;
import dev.safelight.worker.safety.Safety;
import dev.safelight.worker.safety.SafetySettings;
import dev.safelight.worker.signal.Signals;
import dev.safelight.worker.store.CheckpointStore;
import dev.safelight.worker.store.JobStore;
import dev.safelight.worker.store.WorkerRow;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an attempt makes of a store that fails: with a real model and a real Postgres. The clocks are the test's. */
@Timeout(120)
class AttemptTest {
    /** The signals are not started: nobody listens. */
    private static final KafkaSettings NEVER_CONNECTED = new KafkaSettings("127.0.0.1:1", 1, (short) 1);

    private static final Duration LEASE = Duration.ofSeconds(15);
    private static final Duration SELF_FENCE = Duration.ofSeconds(10);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static Path models;
    private static Equipment equipment;
    private static Bundle tiny;
    private static Bundle forged;
    private static Bundle away;
    private static Database database;

    @TempDir
    private Path folder;

    private final AtomicInteger deviceLosses = new AtomicInteger();
    private final AtomicLong storeNanos = new AtomicLong();
    private final AtomicLong leaseNanos = new AtomicLong();
    private final UUID owner = UUID.randomUUID();
    private final JobStore store = new JobStore(database, owner, LEASE);
    private final Leases leases = new Leases(SELF_FENCE, leaseNanos::get);
    private final Room room = new Room(4, 0);
    private final TestJobs jobs = new TestJobs(database, "default", "tiny", tiny.version());
    private ObjectStore files;
    private UncertainStore objects;
    private Attempts attempts;

    @BeforeAll
    static void open(@TempDir Path bundles) throws IOException {
        models = bundles;
        database = Database.open(TestServers.newDatabase(), "test");
        tiny = BundleReader.read(copied(models, "tiny"));
        // Its network is another than the manifest says.
        Path folder = copied(models, "forged");
        Files.writeString(folder.resolve("denoiser.pt"), "more", StandardOpenOption.APPEND);
        forged = BundleReader.read(folder);
        // Its network cannot be read, as when a folder of the net is away.
        folder = copied(models, "away");
        Files.delete(folder.resolve("denoiser.pt"));
        away = BundleReader.read(folder);
        Files.writeString(Files.createDirectory(models.resolve("torn")).resolve("model.json"), "{\"format\": ");
        Settings settings = new Settings(Map.of("SAFELIGHT_MODELS", models.toString(), "SAFELIGHT_DEVICE", "cpu"));
        equipment = Equipment.load(WorkerSettings.read(settings));
    }

    /** The bundle of the tests under another name. */
    private static Path copied(Path models, String name) throws IOException {
        Path source =
                Path.of(System.getProperty("safelight.root"), "worker", "src", "test", "resources", "bundles", "tiny");
        Path folder = Files.createDirectory(models.resolve(name));
        for (String file : List.of("denoiser.pt", "golden.json")) {
            Files.copy(source.resolve(file), folder.resolve(file));
        }
        Files.writeString(
                folder.resolve("model.json"),
                Files.readString(source.resolve("model.json"))
                        .replace("\"name\": \"tiny\"", "\"name\": \"" + name + "\""));
        return folder;
    }

    @AfterAll
    static void close() throws Exception {
        equipment.engine().close();
        database.close();
    }

    @BeforeEach
    void prepare() throws IOException {
        files = FileObjectStore.open(folder, Clock.systemUTC());
        objects = new UncertainStore(files);
        attempts = attempts(SafetySettings.read(new Settings(Map.of())));
    }

    private Attempts attempts(SafetySettings safety) {
        return attempts(equipment.models(), safety);
    }

    /** On the bundle of the tests, with another network. */
    private Attempts attempts(Function<Row, float[]> network) {
        Model model = equipment.models().all().iterator().next();
        return attempts(
                new Models(List.of(model.with(new Networks.RowWise(8, network)))),
                SafetySettings.read(new Settings(Map.of())));
    }

    private Attempts attempts(Models models, SafetySettings safety) {
        return new Attempts(
                models,
                objects,
                store,
                leases,
                room,
                new Checkpoints(
                        new CheckpointStore(database, owner), files, Duration.ZERO, 1 << 18, new SimpleMeterRegistry()),
                new Previews(shown -> {}, System::nanoTime),
                new Safety(safety, new SimpleMeterRegistry(), Clock.systemUTC()),
                new Signals(NEVER_CONNECTED, leases),
                new SimpleMeterRegistry(),
                new AttemptSettings(PATIENCE, Duration.ofSeconds(20), Duration.ofSeconds(50)),
                deviceLosses::incrementAndGet,
                storeNanos::get);
    }

    @Test
    void aStoreThatFailsTwiceIsTriedAThirdTimeInTheSameAttempt() throws Exception {
        objects.fails(2, () -> {});
        JobKey job = jobs.queued("a", Priority.NORMAL);
        run(job);
        assertThat(jobs.row(job))
                .containsEntry("state", "succeeded")
                .containsEntry("attempt", 1)
                .containsEntry("strikes", 0);
        assertThat(objects.puts()).isEqualTo(3);
        assertThat(stored()).hasSize(1);
        assertThat(jobs.count("job_output", "job_id = '" + job.jobId() + "'")).isOne();
    }

    @Test
    void aStoreThatStaysAwayCostsAStrikeEachTimeAndTheLastOneTheJob() throws Exception {
        objects.fails(Integer.MAX_VALUE, () -> storeNanos.addAndGet(PATIENCE.toNanos() / 2));
        JobKey job = jobs.queued("a", Priority.NORMAL);
        for (int strike = 1; strike <= 2; strike++) {
            run(job);
            assertThat(jobs.row(job))
                    .containsEntry("state", "queued")
                    .containsEntry("attempt", strike)
                    .containsEntry("strikes", strike)
                    .containsEntry("crashes", 0);
            assertThat(jobs.row(job).get("error").toString()).contains("store_unreachable");
            // The pause doubles: 20 s, 40 s.
            String due = "job_id = '" + job.jobId() + "' AND available_at - now() BETWEEN ";
            assertThat(jobs.count(
                            "job",
                            due + "interval '" + (20 * strike - 15) + " s' AND interval '" + 20 * strike + " s'"))
                    .isOne();
            assertThat(store.claim(List.of(job))).as("not due yet").isEmpty();
            jobs.age(job, "available_at", Duration.ofMinutes(1));
        }
        run(job);
        assertThat(jobs.row(job)).containsEntry("state", "failed").containsEntry("strikes", 3);
        assertThat(jobs.row(job).get("error").toString()).contains("store_unreachable");
        assertThat(objects.puts()).as("two tries an attempt").isEqualTo(6);
        assertThat(stored()).isEmpty();
    }

    @Test
    void aWorkerThatWasCutOffWhileItWaitedWritesNothingMore() throws Exception {
        objects.fails(1, () -> leaseNanos.addAndGet(SELF_FENCE.toNanos()));
        JobKey job = jobs.queued("a", Priority.NORMAL);
        run(job);
        assertThat(objects.puts()).as("the try that failed").isEqualTo(1);
        assertThat(stored()).isEmpty();
        // Nobody else had it yet, so it went back at once and has nothing to its name.
        assertThat(jobs.row(job))
                .containsEntry("state", "queued")
                .containsEntry("attempt", 1)
                .containsEntry("strikes", 0)
                .containsEntry("crashes", 0);
    }

    @Test
    void aWorkerThatLeavesAndWasCutOffWritesNothingMoreEither() throws Exception {
        objects.fails(1, () -> {
            attempts.drain();
            leaseNanos.addAndGet(SELF_FENCE.toNanos());
        });
        JobKey job = jobs.queued("a", Priority.NORMAL);
        run(job);
        assertThat(objects.puts()).as("the try that failed").isEqualTo(1);
        assertThat(stored()).isEmpty();
        assertThat(jobs.row(job)).containsEntry("state", "queued").containsEntry("strikes", 0);
    }

    /** As if the process had died: the rescuer counts a crash, and whose it was shows when the job runs alone. */
    @Test
    void anErrorOfTheProcessIsNoEndOfAJob() throws Exception {
        attempts = attempts(row -> {
            throw new OutOfMemoryError("Java heap space");
        });
        leftToTheRescuer();
        assertThat(deviceLosses).hasValue(0);
    }

    private void leftToTheRescuer() throws InterruptedException {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        run(job);
        assertThat(jobs.row(job))
                .containsEntry("state", "running")
                .containsEntry("attempt", 1)
                .containsEntry("strikes", 0)
                .containsEntry("error", null);
        assertThat(leases.holds(new Fence(job, 1)))
                .as("whether its lease is renewed")
                .isFalse();
    }

    @Test
    void aDeviceThatFailsEverybodyEndsTheWorkerAndNoJob() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        attempts = attempts(row -> {
            if (calls.incrementAndGet() > 2) {
                throw new IllegalStateException("an illegal memory access was encountered");
            }
            return row.latent();
        });
        leftToTheRescuer();
        assertThat(calls)
                .as("two steps, the one that failed, and a row that never did")
                .hasValue(4);
        assertThat(deviceLosses).hasValue(1);
    }

    @Test
    void anInputThatItsNetworkCannotStandFailsItsJob() throws Exception {
        attempts = attempts(row -> {
            if (row.conditioning() instanceof Conditioning.ClassIndex(int index) && index == 3) {
                throw new IllegalStateException("poison");
            }
            return row.latent();
        });
        GenerationInput cross = new GenerationInput("cross", "ddim", 4, 1, 1, 1, 0, "trailing", false);
        JobKey job = jobs.queued("a", Priority.NORMAL, cross);
        run(job);
        assertThat(jobs.row(job)).containsEntry("state", "failed").containsEntry("attempt", 1);
        assertThat(jobs.row(job).get("error").toString()).contains("network_failed", "poison");
        assertThat(deviceLosses).hasValue(0);
    }

    @Test
    void aModelThatALostDeviceCannotLoadIsNotABadOne() throws Exception {
        try (ModelCache cache = new ModelCache(new LostDevice(), 0, List.of())) {
            BundleShelf shelf = BundleShelf.open(models, Duration.ofHours(1), System::nanoTime);
            attempts =
                    attempts(new Models(shelf, cache, List.of("default")), SafetySettings.read(new Settings(Map.of())));
            leftToTheRescuer();
            assertThat(deviceLosses).hasValue(1);
            assertThatThrownBy(() -> Models.preloaded(shelf, cache, List.of("default"), List.of("tiny"), Duration.ZERO))
                    .as("a worker that starts on such a device")
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the device cannot be used");
        }
    }

    private static final class LostDevice implements ModelCache.Loader {
        @Override
        public ModelCache.Loaded load(Bundle bundle) {
            throw new IllegalStateException("CUDA error: unknown error");
        }

        @Override
        public void unload(Model model) {}

        @Override
        public long estimate(Bundle bundle) {
            return 0;
        }
    }

    @Test
    void aJobThatWasTakenAwayMeanwhileIsLeftToItsNewOwner() throws Exception {
        UUID rival = UUID.randomUUID();
        JobKey job = jobs.queued("a", Priority.NORMAL);
        Heartbeat heartbeat = new Heartbeat(
                leases,
                store,
                () -> new WorkerRow(owner, "host", "cpu", List.of("default"), List.of("tiny"), 4, 0),
                Duration.ofSeconds(1),
                leaseNanos::get);
        objects.fails(1, () -> {
            // The rescuer took it, another worker claimed it, and the next beat says so.
            jobs.update(job, "attempt = 2, owner = '" + rival + "'");
            heartbeat.runOnce();
        });
        run(job);
        assertThat(objects.puts()).isEqualTo(1);
        assertThat(stored()).isEmpty();
        assertThat(jobs.row(job))
                .containsEntry("state", "running")
                .containsEntry("attempt", 2)
                .containsEntry("owner", rival);
        assertThat(jobs.events(job)).containsExactly("started");
    }

    /** A pipe in a manifest's place: whoever reads it hangs until somebody else has written. */
    @Test
    void aModelsFolderThatHangsKeepsNoBeatWaiting(@TempDir Path models) throws Exception {
        copied(models, "tiny");
        BundleShelf shelf = BundleShelf.open(models, Duration.ZERO, System::nanoTime);
        Path pipe = Files.createDirectory(models.resolve("hangs")).resolve("model.json");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Models hanging = new Models(shelf, null, List.of("default")); // nothing is to be loaded
        Semaphore beats = new Semaphore(0);
        Heartbeat heartbeat = new Heartbeat(
                leases,
                store,
                () -> {
                    List<String> names = hanging.names();
                    beats.release();
                    return new WorkerRow(owner, "host", "cpu", List.of("default"), names, 4, 0);
                },
                Duration.ofMillis(10),
                leaseNanos::get);
        heartbeat.start();
        try (OutputStream _ = Files.newOutputStream(pipe)) { // returns when somebody reads
            beats.drainPermits();
            assertThat(beats.tryAcquire(2, 20, TimeUnit.SECONDS)).isTrue();
            assertThat(hanging.names()).containsExactly("tiny");
        } finally {
            heartbeat.close();
        }
    }

    @Test
    void aJobOfAnotherBundleVersionGoesBackForAWorkerThatHasIt() throws Exception {
        objects.fails(0, () -> {});
        JobKey job = new TestJobs(database, "default", "tiny", "another version").queued("a", Priority.NORMAL);
        run(job);
        assertThat(jobs.row(job)).containsEntry("state", "queued").containsEntry("strikes", 1);
        assertThat(jobs.row(job).get("error").toString()).contains("bundle_version", "another version", tiny.version());
        assertThat(objects.puts()).isZero();
        assertThat(jobs.state(job)).isEqualTo(JobState.QUEUED);
    }

    /** Between the answer and the commit everything may fail: the same is asked again, and nothing is stored without an answer. */
    @Test
    void whoeverReviewsIsAskedTheSameAgainByTheNextAttempt() throws Exception {
        try (Reviewer reviewer = new Reviewer()) {
            attempts = attempts(reviewer.settings(Map.of()));
            JobKey job = jobs.queued(
                    "a", Priority.NORMAL, new GenerationInput(null, "ddim", 4, 1, 1, 2, 0, "trailing", false));
            reviewer.answers(asked -> new Reviewer.Answer(503, ""));
            objects.fails(0, () -> {});
            run(job);
            assertThat(jobs.row(job)).containsEntry("state", "queued").containsEntry("strikes", 1);
            assertThat(jobs.row(job).get("error").toString()).contains("safety_unreachable", "503");
            assertThat(objects.puts()).isZero();
            List<String> questions = questions(reviewer);
            assertThat(questions).hasSize(2);
            jobs.age(job, "available_at", Duration.ofMinutes(1));

            reviewer.says("flag");
            objects.fails(Integer.MAX_VALUE, () -> storeNanos.addAndGet(PATIENCE.toNanos()));
            run(job);
            assertThat(jobs.row(job)).containsEntry("state", "queued").containsEntry("strikes", 2);
            assertThat(questions(reviewer)).isEqualTo(questions);
            assertThat(jobs.count("output_review", "job_id = '" + job.jobId() + "'"))
                    .isZero();
            jobs.age(job, "available_at", Duration.ofMinutes(2));

            reviewer.answers(asked -> new Reviewer.Answer(
                    200,
                    asked.index() == 0
                            ? "{\"verdict\": \"withhold\", \"reason\": \"no\"}"
                            : "{\"verdict\": \"pass\"}"));
            objects.fails(0, () -> {});
            run(job);
            assertThat(questions(reviewer)).isEqualTo(questions);
            assertThat(jobs.row(job)).containsEntry("state", "succeeded").containsEntry("attempt", 3);
            assertThat(stored()).singleElement().asString().endsWith("/1.png");
            String mine = "job_id = '" + job.jobId() + "'";
            assertThat(jobs.count("job_output", mine + " AND ordinal = 1")).isOne();
            assertThat(jobs.count("job_output", mine)).isOne();
            assertThat(jobs.count(
                            "output_review", mine + " AND ordinal = 0 AND verdict = 'withheld' AND reason = 'no'"))
                    .isOne();
            assertThat(jobs.count("output_review", mine)).isOne();
            assertThat(jobs.events(job))
                    .containsExactly(
                            "started", "returned", "started", "returned", "started", "output", "output", "succeeded");
        }
    }

    /** What was asked, however often. */
    private static List<String> questions(Reviewer reviewer) {
        return reviewer.asked().stream()
                .map(asked -> asked.id() + " " + asked.data())
                .distinct()
                .sorted()
                .toList();
    }

    @Test
    void aJobWhoseImageCannotBeReadGoesBack() throws Exception {
        objects.fails(0, () -> {});
        byte[] png = Png.encode(1, 1, 1, new byte[] {7}, Map.of());
        JobKey job = jobs.queued("a", Priority.NORMAL, kept(png).with("strength", 0.5));
        files.delete("images/7");
        run(job);
        assertThat(jobs.row(job)).containsEntry("state", "queued").containsEntry("strikes", 1);
        assertThat(jobs.row(job).get("error").toString())
                .contains("store_unreachable", "the job's image cannot be read", "has no images/7");
        jobs.age(job, "available_at", Duration.ofMinutes(1));
        files.put("images/7", png, "image/png");
        run(job);
        assertThat(jobs.row(job)).containsEntry("state", "succeeded").containsEntry("attempt", 2);
    }

    /** However many there are: an image takes a large part of everybody's memory until it is fitted to the model. */
    @Test
    void onlyTwoJobsReadTheirImagesAtATime() throws Exception {
        GenerationInput input = kept(Png.encode(1, 1, 1, new byte[] {7}, Map.of()));
        OriginalImages images = new OriginalImages(store, objects);
        Thread test = Thread.currentThread();
        CountDownLatch reading = new CountDownLatch(2);
        CountDownLatch goOn = new CountDownLatch(1);
        objects.opens(() -> {
            reading.countDown();
            if (Thread.currentThread() != test) {
                await(goOn);
            }
        });
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Fitted>> two = Stream.generate(() -> threads.submit(
                            () -> images.of("a", input, () -> false).fitted(tiny.manifest())))
                    .limit(2)
                    .toList();
            reading.await();
            try {
                assertThatThrownBy(() -> images.of("a", input, () -> true).fitted(tiny.manifest()))
                        .as("one that is stopped while it waits")
                        .isInstanceOf(EvaluationStopped.LeaseLost.class);
            } finally {
                goOn.countDown();
            }
            for (Future<Fitted> fitted : two) {
                assertThat(fitted.get().picture()).hasSize(28 * 28);
            }
        }
        assertThat(images.of("a", input, () -> true).fitted(tiny.manifest()).picture())
                .hasSize(28 * 28);
    }

    /** An input that names an image, which is in the store and in Postgres. */
    private GenerationInput kept(byte[] png) throws IOException {
        files.put("images/7", png, "image/png");
        database.jdbi()
                .useHandle(handle -> handle.createUpdate("""
                        INSERT INTO input_image (tenant_id, sha256, object_key, width, height, bytes, kept_until)
                        VALUES ('a', decode(:sha256, 'hex'), 'images/7', 1, 1, :bytes, now() + interval '1 hour')
                        ON CONFLICT DO NOTHING""")
                        .bind("sha256", ImageDigest.of(png).sha256())
                        .bind("bytes", png.length)
                        .execute());
        return TestJobs.input(1, 4).with("image", ImageDigest.of(png).toString());
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aRequestOfANewerApiGoesBackForAWorkerThatKnowsAllOfIt() throws Exception {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        jobs.update(job, "input = input || '{\"invented_later\": 1}'");
        run(job);
        assertThat(jobs.row(job)).containsEntry("state", "queued").containsEntry("strikes", 1);
        assertThat(jobs.row(job).get("error").toString()).contains("unknown_option", "invented_later");
        assertThat(stored()).isEmpty();
    }

    @Test
    void anInputThatCannotBeReadFailsTheJob() throws Exception {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        jobs.update(job, "input = input || '{\"steps\": \"many\"}'");
        run(job);
        assertThat(jobs.row(job)).containsEntry("state", "failed");
        assertThat(jobs.row(job).get("error").toString()).contains("invalid_input");
    }

    @Test
    void aBadBundleFailsItsOwnJobsAndNoOthers() throws Exception {
        objects.fails(0, () -> {});
        assertThat(equipment.models().names()).as("what the worker announces").containsExactly("away", "tiny");
        JobKey job = new TestJobs(database, "default", "forged", forged.version()).queued("a", Priority.NORMAL);
        run(job);
        assertThat(jobs.row(job)).containsEntry("state", "failed").containsEntry("attempt", 1);
        assertThat(jobs.row(job).get("error").toString()).contains("bad_bundle", "denoiser.pt has SHA-256");

        JobKey torn = new TestJobs(database, "default", "torn", "whatever").queued("a", Priority.NORMAL);
        run(torn);
        assertThat(jobs.row(torn)).containsEntry("state", "failed");
        assertThat(jobs.row(torn).get("error").toString()).contains("bad_bundle", "model.json is not a valid manifest");

        JobKey good = jobs.queued("a", Priority.NORMAL);
        run(good);
        assertThat(jobs.state(good)).isEqualTo(JobState.SUCCEEDED);
    }

    @Test
    void aBundleThatCannotBeReadForTheMomentCostsAStrikeAndNotTheJob() throws Exception {
        JobKey job = new TestJobs(database, "default", "away", away.version()).queued("a", Priority.NORMAL);
        run(job);
        assertThat(jobs.row(job)).containsEntry("state", "queued").containsEntry("strikes", 1);
        assertThat(jobs.row(job).get("error").toString()).contains("load_failed", "denoiser.pt");
    }

    @Test
    void whatASlowClaimBringsAWorkerThatLeavesGoesBack() throws Exception {
        objects.fails(0, () -> {});
        attempts.drain();
        JobKey job = jobs.queued("a", Priority.NORMAL);
        run(job);
        assertThat(jobs.row(job))
                .containsEntry("state", "queued")
                .containsEntry("strikes", 0)
                .containsEntry("crashes", 0)
                .containsEntry("error", null);
        assertThat(stored()).isEmpty();
    }

    /** A worker with the old, bad version leaves the jobs of the mended one to others. */
    @Test
    void aBadBundleIsBadInItsOwnVersionOnly() throws Exception {
        JobKey job = new TestJobs(database, "default", "forged", "mended").queued("a", Priority.NORMAL);
        run(job);
        assertThat(jobs.row(job)).containsEntry("state", "queued").containsEntry("strikes", 1);
    }

    /** Claims the job and runs the attempt to its end. */
    private void run(JobKey job) throws InterruptedException {
        attempts.start(store.claim(List.of(job)).getFirst());
        assertThat(room.awaitEmpty(Duration.ofSeconds(60)))
                .as("the attempt ended")
                .isTrue();
    }

    private List<String> stored() throws IOException {
        try (Stream<ObjectStore.Entry> entries = files.list("outputs/")) {
            return entries.map(ObjectStore.Entry::key).toList();
        }
    }
}
