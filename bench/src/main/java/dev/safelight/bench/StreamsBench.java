package dev.safelight.bench;

import dev.safelight.bench.load.JobClient;
import dev.safelight.bench.load.StreamClients;
import dev.safelight.bench.measure.Latencies;
import dev.safelight.bench.measure.MachineFacts;
import dev.safelight.bench.measure.Table;
import dev.safelight.bench.system.ChildProcess;
import dev.safelight.bench.system.Installation;
import dev.safelight.bench.system.ProcessFigures;
import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.event.Signal;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import dev.safelight.common.wire.Json;
import dev.safelight.common.wire.TopicAdmin;
import dev.safelight.common.wire.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What thousands of open event streams cost one API process, and how soon an event is with all of them. */
@Command(
        name = "streams",
        description = "Memory of one API process with thousands of event streams, and how soon an event reaches all.",
        mixinStandardHelpOptions = true)
final class StreamsBench implements Callable<Integer> {
    private static final String START_ALL = Sql.of(StreamClients.class, "start_all");
    private static final String RETURN_ALL = Sql.of(StreamClients.class, "return_all");
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int ENTRIES_A_RECORD = 500;
    private static final int STEPS = 25;

    @Option(names = "--streams", defaultValue = "5000", description = "open at a time (default ${DEFAULT-VALUE})")
    private int streams;

    @Option(names = "--jobs", defaultValue = "500", description = "that they follow (default ${DEFAULT-VALUE})")
    private int jobs;

    @Option(names = "--rounds", defaultValue = "10", description = "of each kind of event (default ${DEFAULT-VALUE})")
    private int rounds;

    @Option(
            names = "--seconds",
            defaultValue = "60",
            description = "of silence, heartbeats aside, between readings (default ${DEFAULT-VALUE})")
    private int seconds;

    @Option(names = "--models", description = "folder of bundles (default: the repository's)")
    private Path models;

    private final Table memory = new Table("moment", "streams", "RSS MB", "live heap MB", "threads", "files");
    private final Table delivery = new Table("an event to all streams", "p50 ms", "p99 ms", "last ms");
    private List<UUID> ids;
    private int attempt;

    @Override
    public Integer call() throws Exception {
        String machine = MachineFacts.line();
        try (Installation installation = Installation.start(models)) {
            makeTopics(installation.environment().get("SAFELIGHT_KAFKA"));
            measure(installation);
        }
        System.out.printf(
                Locale.ROOT,
                "%n`./safelight bench streams`: %,d event streams of %,d jobs on one API process. %s.%n%n%s%n%s",
                streams,
                jobs,
                machine,
                memory,
                delivery);
        return 0;
    }

    /** There is no worker that would. */
    private static void makeTopics(String bootstrapServers) {
        try (TopicAdmin admin = new TopicAdmin(new KafkaSettings(bootstrapServers, 1, (short) 1))) {
            admin.ensure(List.of());
        }
    }

    private void measure(Installation installation) throws Exception {
        try (ChildProcess api = installation.startApi();
                Database database = Database.open(installation.database(), "bench");
                KafkaProducer<String, String> worker = new KafkaProducer<>(
                        Map.of("bootstrap.servers", installation.environment().get("SAFELIGHT_KAFKA"), "acks", "1"),
                        new StringSerializer(),
                        new StringSerializer());
                StreamClients clients = new StreamClients()) {
            ids = submit(api);
            read("jobs submitted", 0, api);
            List<String> paths = new ArrayList<>();
            // Spread, so that each job has as many.
            for (int stream = 0; stream < streams; stream++) {
                paths.add("/v1/jobs/" + ids.get(stream % jobs) + "/events");
            }
            clients.open(Installation.url(api), paths);
            read("all streams open", streams, api);
            deliver("a row, and a signal that tells of it", clients, () -> move(clients, database, worker, true));
            read("after so many events", streams, api);
            runAll(clients, database, worker);
            deliver("progress", clients, new Move() {
                private int step;

                @Override
                public void run() {
                    signal(worker, JobState.RUNNING, ++step);
                }
            });
            read("after so much progress", streams, api);
            deliver("a row, its signal lost", clients, () -> move(clients, database, worker, false));
            Thread.sleep(Duration.ofSeconds(seconds));
            read("after " + seconds + " s of silence", streams, api);
            deliver("a row, and a signal, once more", clients, () -> move(clients, database, worker, true));
            read("at last", streams, api);
            if (clients.lost() > 0) {
                throw new IllegalStateException(clients.lost() + " streams were closed");
            }
            clients.hangUp();
            Thread.sleep(Duration.ofSeconds(3));
            read("all streams closed", 0, api);
        }
    }

    private List<UUID> submit(ChildProcess api) throws Exception {
        List<UUID> submitted = new ArrayList<>();
        try (JobClient client = new JobClient(Installation.url(api))) {
            for (int job = 0; job < jobs; job++) {
                String path = client.submit("{\"model\":\"fashion\",\"input\":{\"class\":\"bag\",\"steps\":" + STEPS
                        + ",\"seed\":" + job + "}}");
                submitted.add(UUID.fromString(path.substring(path.lastIndexOf('/') + 1)));
            }
        }
        return submitted;
    }

    private interface Move {
        void run() throws Exception;
    }

    private void deliver(String what, StreamClients clients, Move move) throws Exception {
        Latencies all = new Latencies();
        for (int round = 0; round < rounds; round++) {
            Thread.sleep(317);
            clients.begin();
            move.run();
            all.addAll(clients.await(PATIENCE));
        }
        delivery.row(what, all.percentile(50), all.percentile(99), all.percentile(100));
    }

    /** Progress is only told of jobs that run. */
    private void runAll(StreamClients clients, Database database, KafkaProducer<String, String> worker)
            throws Exception {
        if (attempt % 2 == 0) {
            clients.begin();
            move(clients, database, worker, true);
            clients.await(PATIENCE);
        }
    }

    /** Every other time the jobs start, and every other time they go back to the queue. */
    private void move(StreamClients clients, Database database, KafkaProducer<String, String> worker, boolean told) {
        boolean starts = attempt % 2 == 0;
        attempt++;
        database.jdbi().useHandle(handle -> handle.execute(starts ? START_ALL : RETURN_ALL));
        clients.happened();
        if (told) {
            signal(worker, starts ? JobState.RUNNING : JobState.QUEUED, 0);
        }
    }

    private void signal(KafkaProducer<String, String> worker, JobState state, int step) {
        for (int first = 0; first < jobs; first += ENTRIES_A_RECORD) {
            List<Signal.Entry> entries = ids.subList(first, Math.min(jobs, first + ENTRIES_A_RECORD)).stream()
                    .map(id -> new Signal.Entry(JobKey.DEFAULT_TENANT, id, (attempt + 1) / 2, state, step, STEPS, 1.5))
                    .toList();
            worker.send(new ProducerRecord<>(Topics.SIGNALS, Json.write(new Signal(entries))));
        }
        worker.flush();
    }

    private void read(String moment, int open, ChildProcess api) {
        ProcessFigures figures = new ProcessFigures(api.pid());
        long heap = figures.liveHeap();
        memory.row(moment, open, figures.resident() / 1e6, heap / 1e6, figures.threads(), figures.openFiles());
    }
}
