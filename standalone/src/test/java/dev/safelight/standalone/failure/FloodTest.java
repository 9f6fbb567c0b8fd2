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
import dev.safelight.worker.WorkerProcess.Equipment;
import dev.safelight.worker.WorkerSettings;
import dev.safelight.worker.attempt.Models;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Row;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * One tenant floods the queue at low priority. Whoever comes then is claimed without any job of the flood having to end,
 * and is in the next network call. Nothing is timed: the network stands still while the newcomer is on its way.
 */
class FloodTest {
    private static final int FLOOD = 5000;
    private static final int ROUNDS = Boolean.getBoolean("safelight.long") ? 40 : 6;
    /** So many that no job of the flood ends during the test: whoever waited for one would wait for ever. */
    private static final int STEPS = 1000;

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Path BUNDLES =
            Path.of(System.getProperty("safelight.root"), "worker", "src", "test", "resources", "bundles");

    private final DatabaseSettings databaseSettings = TestServers.newDatabase();
    private final KafkaSettings kafka = TestServers.kafka();
    private final Settings environment = new Settings(Map.of(
            "SAFELIGHT_DATABASE_URL", databaseSettings.url(),
            "SAFELIGHT_DATABASE_USER", databaseSettings.user(),
            "SAFELIGHT_DATABASE_PASSWORD", databaseSettings.password(),
            "SAFELIGHT_KAFKA", kafka.bootstrapServers(),
            "SAFELIGHT_STORE_FOLDER", TestServers.newFolder("outputs").toString(),
            "SAFELIGHT_MODELS", BUNDLES.toString(),
            "SAFELIGHT_DEVICE", "cpu",
            "SAFELIGHT_DRAIN_GRACE", "0s"));

    @Test
    @Timeout(180)
    void aFloodDelaysNobodyElseByMoreThanOneBatchStep() {
        WorkerSettings settings = WorkerSettings.read(environment);
        GatedNetwork network = new GatedNetwork();
        try (Database database = Database.open(databaseSettings, "test");
                Relay relay = new Relay(
                        database, kafka, RelaySettings.read(environment), new SimpleMeterRegistry(), stage -> {});
                WorkerProcess worker = WorkerProcess.start(
                        settings,
                        network.into(Equipment.load(settings)),
                        new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
                GatedNetwork _ = network) {
            TestJobs jobs = new TestJobs(
                    database,
                    "default",
                    "tiny",
                    BundleReader.read(BUNDLES.resolve("tiny")).version());
            relay.start();
            List<GenerationInput> flood = new ArrayList<>();
            for (int i = 0; i < FLOOD; i++) {
                flood.add(input("circle", i, STEPS));
            }
            jobs.queued("flood", Priority.LOW, flood);
            network.stop();
            await(() -> jobs.count("job", "state = 'running'") >= settings.slots(), "the flood does not run");
            await(() -> jobs.count("job", "released_at IS NOT NULL") >= settings.slots(), "nothing waits in Kafka");

            for (int round = 0; round < ROUNDS; round++) {
                boolean stranger = round % 2 == 0;
                String label = stranger ? "square" : "triangle";
                int blocked = network.stop();
                // All walks of the flood stand still: those in the call, and those that wait for the next.
                int waiting = settings.slots() - network.rows(blocked);
                await(() -> network.waiting() == waiting, "the flood's walks do not come to rest");
                JobKey newcomer;
                try {
                    newcomer = stranger
                            ? jobs.queued("stranger" + round, Priority.LOW, input(label, round, 4))
                            : jobs.queued("flood", Priority.HIGH, input(label, round, 4));
                    relay.wake();
                    await(
                            () -> jobs.state(newcomer) == JobState.RUNNING,
                            "the newcomer was not claimed while all stood still");
                    assertThat(jobs.row(newcomer)).containsEntry("express", true);
                    await(
                            () -> network.waiting() == waiting + 1,
                            "the newcomer's walk does not wait for the next call");
                } finally {
                    network.go();
                }
                await(() -> network.firstCallWith(label, blocked) >= 0, "the newcomer never ran");
                int first = network.firstCallWith(label, blocked);
                // The call that stood still ends, and the very next one takes the newcomer.
                assertThat(first - blocked)
                        .as("calls until the first step of " + newcomer)
                        .isEqualTo(1);
                JobKey started = newcomer;
                await(() -> jobs.state(started).terminal(), "the newcomer did not end");
                assertThat(jobs.state(newcomer)).isEqualTo(JobState.SUCCEEDED);
            }
            assertThat(jobs.count("job", "tenant_id = 'flood' AND priority = 0 AND finished_at IS NOT NULL"))
                    .as("jobs of the flood that ended meanwhile")
                    .isZero();
            assertThat(jobs.count("job", "state = 'queued' AND released_at IS NULL"))
                    .as("the flood waits in Postgres, not in Kafka")
                    .isEqualTo(FLOOD - 2L * settings.slots());
            worker.drain();
            System.out.println("flood of " + FLOOD + ": " + ROUNDS
                    + " newcomers claimed while all stood still, each in the call after the one that ran; "
                    + jobs.count("job_event", "type = 'started'") + " starts, " + network.calls() + " network calls");
        }
    }

    private static GenerationInput input(String label, long seed, int steps) {
        return new GenerationInput(label, "ddim", steps, 1, seed, 1, 0, "trailing", false);
    }

    private static void await(BooleanSupplier condition, String otherwise) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(otherwise).isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
    }

    /** A real network whose next call can be made to wait, and that remembers which classes were in which call. */
    private static final class GatedNetwork implements AutoCloseable {
        private final List<Batcher> batchers = new ArrayList<>();
        private final List<List<String>> calls = Collections.synchronizedList(new ArrayList<>());
        private boolean closed;
        private boolean waiting;

        Equipment into(Equipment equipment) {
            equipment.models().all().forEach(model -> batchers.add(model.batcher()));
            return new Equipment(
                    equipment.device(),
                    new Models(equipment.models().all().stream()
                            .map(model -> TroubledNetwork.wrap(
                                    model,
                                    gated(
                                            model.group().network(),
                                            model.bundle()
                                                    .manifest()
                                                    .conditioning()
                                                    .classes())))
                            .toList()),
                    equipment.engine());
        }

        private Network gated(Network network, List<String> classes) {
            return new Network() {
                @Override
                public int maxRows() {
                    return network.maxRows();
                }

                @Override
                public List<float[]> run(List<Row> rows) {
                    calls.add(rows.stream()
                            .map(row -> row.conditioning() instanceof Conditioning.ClassIndex(int index)
                                    ? classes.get(index)
                                    : "")
                            .toList());
                    pass();
                    return network.run(rows);
                }
            };
        }

        /** @return the index of the call that stands still */
        synchronized int stop() {
            closed = true;
            while (!waiting) {
                pause();
            }
            return calls.size() - 1;
        }

        synchronized void go() {
            closed = false;
            notifyAll();
        }

        /** Whatever went wrong: a worker does not end before its call does. */
        @Override
        public void close() {
            go();
        }

        private synchronized void pass() {
            waiting = closed;
            notifyAll();
            while (closed) {
                pause();
            }
            waiting = false;
        }

        private void pause() {
            try {
                wait();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        /** Walks that wait for the next call. */
        int waiting() {
            return batchers.getFirst().waiting();
        }

        int rows(int call) {
            return calls.get(call).size();
        }

        int firstCallWith(String label, int after) {
            synchronized (calls) {
                for (int call = after + 1; call < calls.size(); call++) {
                    if (calls.get(call).contains(label)) {
                        return call;
                    }
                }
                return -1;
            }
        }

        int calls() {
            return calls.size();
        }
    }
}
