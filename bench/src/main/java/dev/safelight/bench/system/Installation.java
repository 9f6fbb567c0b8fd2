package dev.safelight.bench.system;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.Folders;
import dev.safelight.embedded.LocalKafka;
import dev.safelight.embedded.LocalPostgres;
import dev.safelight.migrations.Migrations;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A new installation for one bench: Postgres as a process, Kafka in this one, and API and workers as processes of their
 * own as they are asked for. Its folder lies beside the build and not in the temporary files, which may be memory.
 */
public final class Installation implements AutoCloseable {
    private static final Pattern LISTENS = Pattern.compile("listens on (http\\S+)");
    private static final Pattern SERVES = Pattern.compile("serves queues");
    private static final String DATABASE = "safelight";

    private final Path root;
    private final Path models;
    private final Path folder;
    private final LocalPostgres postgres;
    private final LocalKafka kafka;
    private final List<AutoCloseable> children = new ArrayList<>();

    private Installation(Path root, Path models, Path folder, LocalPostgres postgres, LocalKafka kafka) {
        this.root = root;
        this.models = models;
        this.folder = folder;
        this.postgres = postgres;
        this.kafka = kafka;
    }

    /** @param models folder of bundles; null takes the repository's */
    public static Installation start(Path models) throws IOException {
        Path root = Path.of(System.getProperty("safelight.root", "")).toAbsolutePath();
        Path folder = Files.createTempDirectory(Files.createDirectories(root.resolve("bench/target")), "installation");
        LocalPostgres postgres = LocalPostgres.start(folder.resolve("postgres"), 0);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            postgres.stop();
            Folders.delete(folder);
        }));
        postgres.createDatabase(DATABASE, "template1");
        Migrations.apply(postgres.settings(DATABASE, 1));
        LocalKafka kafka = LocalKafka.start(folder.resolve("kafka"), 0);
        return new Installation(root, models == null ? root.resolve("models") : models, folder, postgres, kafka);
    }

    public Path folder() {
        return folder;
    }

    public DatabaseSettings database() {
        return postgres.settings(DATABASE, 8);
    }

    /** The variables that every process of this installation gets: the caller's own, and where things are. */
    public Map<String, String> environment() {
        Map<String, String> environment = new TreeMap<>(System.getenv());
        environment.keySet().removeIf(name -> !name.startsWith("SAFELIGHT_"));
        environment.put("SAFELIGHT_DATABASE_URL", database().url());
        environment.put("SAFELIGHT_DATABASE_USER", database().user());
        environment.put("SAFELIGHT_DATABASE_PASSWORD", database().password());
        environment.put("SAFELIGHT_KAFKA", kafka.bootstrapServers());
        environment.put("SAFELIGHT_STORE", "file");
        environment.put("SAFELIGHT_STORE_FOLDER", folder.resolve("outputs").toString());
        environment.put("SAFELIGHT_MODELS", models.toString());
        environment.put("SAFELIGHT_HTTP_PORT", "0");
        environment.put("OMP_WAIT_POLICY", "PASSIVE");
        return environment;
    }

    public ChildProcess startApi() throws IOException {
        return startApi(Map.of());
    }

    /** @param more variables */
    public ChildProcess startApi(Map<String, String> more) throws IOException {
        return start("api", LISTENS, more);
    }

    public static URI url(ChildProcess api) {
        return URI.create(api.said(1));
    }

    /** Processor time of this process with Kafka in it, of its children and of Postgres, in seconds. */
    public double processorSeconds() throws IOException {
        long postmaster = Long.parseLong(Files.readAllLines(folder.resolve("postgres/data/postmaster.pid"))
                .getFirst()
                .strip());
        return Stream.of(ProcessHandle.current(), ProcessHandle.of(postmaster).orElseThrow())
                .flatMap(parent -> Stream.concat(Stream.of(parent), parent.descendants()))
                .distinct()
                .mapToDouble(process -> new ProcessFigures(process.pid()).processorSeconds())
                .sum();
    }

    public ChildProcess startWorker() throws IOException {
        return start("worker", SERVES, Map.of());
    }

    private ChildProcess start(String module, Pattern ready, Map<String, String> more) throws IOException {
        Map<String, String> environment = environment();
        environment.putAll(more);
        ChildProcess child = ChildProcess.start(jar(module), options(module), environment, ready);
        children.addFirst(child);
        return child;
    }

    /** What its image gives the JVM, so that what is measured is what runs; and what the caller adds to look closer. */
    private List<String> options(String module) throws IOException {
        Pattern entry = Pattern.compile("ENTRYPOINT (\\[\"java\".*\"-jar\", *\"safelight-" + module + "\\.jar\"])");
        String command;
        try (Stream<String> lines = Files.lines(root.resolve("Dockerfile"))) {
            command = lines.map(entry::matcher)
                    .filter(Matcher::matches)
                    .map(matcher -> matcher.group(1))
                    .findFirst()
                    .orElseThrow(() -> new IOException("the Dockerfile starts no " + module));
        }
        List<String> words = List.of(Json.read(command, String[].class));
        List<String> options = new ArrayList<>(words.subList(1, words.size() - 2));
        String more = System.getenv("SAFELIGHT_BENCH_" + module.toUpperCase(Locale.ROOT) + "_OPTIONS");
        if (more != null) {
            options.addAll(List.of(more.split(" ")));
        }
        return options;
    }

    private Path jar(String module) throws IOException {
        Path target = root.resolve(module).resolve("target");
        try (Stream<Path> files = Files.list(target)) {
            return files.filter(file ->
                            file.getFileName().toString().matches("safelight-" + module + "-[^-]*(-SNAPSHOT)?\\.jar"))
                    .findFirst()
                    .orElseThrow(() -> new IOException("no jar of " + module + " in " + target + ": build first"));
        }
    }

    @Override
    public void close() {
        for (AutoCloseable child : children) {
            try {
                child.close();
            } catch (Exception e) {
                System.err.println("closing: " + e.getMessage());
            }
        }
        kafka.stop();
        postgres.stop();
    }
}
