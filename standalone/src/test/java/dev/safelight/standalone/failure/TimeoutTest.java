package dev.safelight.standalone.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.relay.Relay;
import dev.safelight.api.relay.RelaySettings;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.store.Database;
import dev.safelight.embedded.testing.TestJobs;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.worker.WorkerProcess;
import dev.safelight.worker.WorkerSettings;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A real worker ends jobs whose time is up, and no others. */
class TimeoutTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Path BUNDLES =
            Path.of(System.getProperty("safelight.root"), "worker", "src", "test", "resources", "bundles");
    private static final TroubledNetwork.Trouble SLOW = TroubledNetwork.Trouble.read(Map.of("TEST_CALL_MILLIS", "20"));

    @Test
    @Timeout(120)
    void theWorkerEndsAJobWhoseTimeIsUp() {
        DatabaseSettings databaseSettings = TestServers.newDatabase();
        KafkaSettings kafka = TestServers.kafka();
        Settings environment = new Settings(Map.of(
                "SAFELIGHT_DATABASE_URL", databaseSettings.url(),
                "SAFELIGHT_DATABASE_USER", databaseSettings.user(),
                "SAFELIGHT_DATABASE_PASSWORD", databaseSettings.password(),
                "SAFELIGHT_KAFKA", kafka.bootstrapServers(),
                "SAFELIGHT_STORE_FOLDER", TestServers.newFolder("outputs").toString(),
                "SAFELIGHT_MODELS", BUNDLES.toString(),
                "SAFELIGHT_DEVICE", "cpu",
                "SAFELIGHT_DRAIN_GRACE", "0s"));
        WorkerSettings settings = WorkerSettings.read(environment);
        try (Database database = Database.open(databaseSettings, "test");
                Relay relay = new Relay(
                        database, kafka, RelaySettings.read(environment), new SimpleMeterRegistry(), stage -> {});
                WorkerProcess worker = WorkerProcess.start(
                        settings,
                        TroubledNetwork.wrap(WorkerProcess.Equipment.load(settings), SLOW),
                        new PrometheusMeterRegistry(PrometheusConfig.DEFAULT))) {
            TestJobs jobs = new TestJobs(
                    database,
                    "default",
                    "tiny",
                    BundleReader.read(BUNDLES.resolve("tiny")).version());
            JobKey endless = jobs.queued("default", Priority.NORMAL, input(1, 1000));
            jobs.update(endless, "timeout_seconds = 1");
            JobKey brief = jobs.queued("default", Priority.NORMAL, input(2, 3));
            jobs.update(brief, "timeout_seconds = 600");
            // It started before, on a worker that is gone, and its time ran out while it waited.
            JobKey late = jobs.queued("default", Priority.NORMAL, input(3, 3));
            jobs.update(late, "timeout_seconds = 5, attempt = 1, started_at = now() - interval '1 minute'");
            relay.start();
            await(() -> jobs.state(endless).terminal()
                    && jobs.state(brief).terminal()
                    && jobs.state(late).terminal());
            assertThat(jobs.row(endless)).containsEntry("state", "failed").containsEntry("attempt", 1);
            assertThat(jobs.row(endless).get("error").toString()).contains("\"timeout\"", "1 s");
            assertThat((Integer) jobs.row(endless).get("step")).isLessThan(1000);
            assertThat(jobs.state(brief)).isEqualTo(JobState.SUCCEEDED);
            assertThat(jobs.row(late)).containsEntry("state", "failed").containsEntry("attempt", 2);
            assertThat(jobs.row(late).get("error").toString()).contains("\"timeout\"");
            assertThat(worker).isNotNull();
        }
    }

    private static GenerationInput input(long seed, int steps) {
        return TestJobs.input(seed, steps);
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("the jobs end").isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
    }
}
