package dev.safelight.standalone.failure;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.config.StoreSettings;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.ObjectStores;
import dev.safelight.embedded.Folders;
import dev.safelight.embedded.KafkaMain;
import dev.safelight.embedded.LocalPostgres;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.migrations.Migrations;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A whole installation of real processes that a test may kill: Postgres, Kafka, API, workers. Leases and intervals are
 * short, so that what takes a minute in production takes seconds.
 */
final class Cluster implements AutoCloseable {
    static final Duration LEASE = Duration.ofSeconds(4);
    /** For tests in which Kafka stays up: a record is taken for lost as late as in production. */
    static final Map<String, String> KAFKA_STAYS = Map.of("SAFELIGHT_REDISPATCH_AFTER", "30s");

    private static final Duration START = Duration.ofSeconds(60);

    private final Path folder = TestServers.newFolder("cluster");
    private final LocalPostgres postgres;
    private final int kafkaPort;
    private final Map<String, JavaProcess> processes = new LinkedHashMap<>();
    private JavaProcess kafka;
    private final Map<String, String> environment = new HashMap<>();
    private final Database database;
    private final ObjectStore objects;

    Cluster() {
        this("bundles", "tiny");
    }

    /**
     * @param models a folder among the worker's test resources
     * @param model of them that jobs want: workers of tests can run only what they load before they start
     */
    Cluster(String models, String model) {
        this.postgres = LocalPostgres.start(folder.resolve("postgres"), 0);
        this.postgres.createDatabase("safelight", "template1");
        DatabaseSettings settings = postgres.settings("safelight", 4);
        Migrations.apply(settings);
        this.database = Database.open(settings, "test");
        this.kafkaPort = freePort();
        startKafka();
        environment.putAll(Map.ofEntries(
                Map.entry("SAFELIGHT_DATABASE_URL", settings.url()),
                Map.entry("SAFELIGHT_DATABASE_USER", settings.user()),
                Map.entry("SAFELIGHT_DATABASE_PASSWORD", settings.password()),
                Map.entry("SAFELIGHT_KAFKA", "127.0.0.1:" + kafkaPort),
                Map.entry("SAFELIGHT_STORE_FOLDER", folder.resolve("outputs").toString()),
                Map.entry(
                        "SAFELIGHT_MODELS",
                        Path.of(System.getProperty("safelight.root"), "worker", "src", "test", "resources", models)
                                .toString()),
                Map.entry("SAFELIGHT_HTTP_PORT", Integer.toString(freePort())),
                Map.entry("SAFELIGHT_PINNED_MODELS", model),
                Map.entry("SAFELIGHT_DEVICE", "cpu"),
                Map.entry("SAFELIGHT_LEASE", LEASE.toMillis() + "ms"),
                Map.entry("SAFELIGHT_BEAT", "300ms"),
                Map.entry("SAFELIGHT_SELF_FENCE", "2500ms"),
                Map.entry("SAFELIGHT_WORKER_TIMEOUT", "2s"),
                Map.entry("SAFELIGHT_REDISPATCH_AFTER", "5s"),
                Map.entry("SAFELIGHT_RESCUE_INTERVAL", "300ms"),
                Map.entry("SAFELIGHT_RESCUE_GRACE", "6s"),
                Map.entry("SAFELIGHT_CRASH_BACKOFF", "100ms"),
                Map.entry("SAFELIGHT_CRASH_BACKOFF_MOST", "500ms"),
                Map.entry("SAFELIGHT_RETRY_DELAY", "200ms")));
        try {
            this.objects = ObjectStores.open(StoreSettings.read(new Settings(environment)));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    JavaProcess api(Map<String, String> more) {
        JavaProcess api = watched("api", JavaProcess.start(TestApi.class, List.of(), with(more)));
        api.awaitLine(line -> line.startsWith("api ready"), START);
        return api;
    }

    /** Starts a worker; see {@link #ready}. */
    JavaProcess worker(Map<String, String> more) {
        return watched("worker", JavaProcess.start(TestWorker.class, List.of("-Xmx400m"), with(more)));
    }

    static JavaProcess ready(JavaProcess worker) {
        worker.awaitLine(line -> line.equals("worker ready"), START);
        return worker;
    }

    Jobs jobs() {
        return new Jobs(
                "http://127.0.0.1:" + environment.get("SAFELIGHT_HTTP_PORT"), database, objects, this::lastWords);
    }

    /** What the processes said last, for a test that failed. */
    private String lastWords() {
        StringBuilder words = new StringBuilder();
        processes.forEach((name, process) -> {
            List<String> lines = process.output().lines().toList();
            words.append("\n--- ")
                    .append(name)
                    .append(process.isAlive() ? "" : " (dead)")
                    .append('\n');
            lines.stream()
                    .skip(Math.max(0, lines.size() - 25))
                    .forEach(line -> words.append(line).append('\n'));
        });
        return words.toString();
    }

    private JavaProcess watched(String name, JavaProcess process) {
        processes.put(name + " " + process.pid(), process);
        return process;
    }

    Database database() {
        return database;
    }

    ObjectStore objects() {
        return objects;
    }

    Path models() {
        return Path.of(environment.get("SAFELIGHT_MODELS"));
    }

    Path outputs() {
        return folder.resolve("outputs");
    }

    LocalPostgres postgres() {
        return postgres;
    }

    void startKafka() {
        kafka = JavaProcess.start(
                KafkaMain.class, List.of("-Xmx384m"), Map.of(), kafkaFolder().toString(), Integer.toString(kafkaPort));
        kafka.awaitLine(line -> line.startsWith("ready"), START);
    }

    void killKafka() {
        kafka.kill();
    }

    /** Only while it is not running. */
    void wipeKafka() {
        Folders.delete(kafkaFolder());
    }

    private Path kafkaFolder() {
        return folder.resolve("kafka");
    }

    private Map<String, String> with(Map<String, String> more) {
        Map<String, String> all = new HashMap<>(environment);
        all.putAll(more);
        return all;
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        objects.close();
        database.close();
        processes.values().forEach(JavaProcess::kill);
        kafka.kill();
        postgres.close();
    }
}
