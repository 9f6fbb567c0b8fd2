package dev.safelight.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.bench.load.JobClient;
import dev.safelight.bench.measure.MachineFacts;
import dev.safelight.bench.measure.Table;
import dev.safelight.bench.system.ChildProcess;
import dev.safelight.bench.system.Installation;
import dev.safelight.bench.system.ProcessFigures;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Whether anything grows while API and worker work without a pause. */
@Command(
        name = "soak",
        description = "Memory, threads and files of API and worker over minutes of steady work.",
        mixinStandardHelpOptions = true)
final class SoakBench implements Callable<Integer> {
    @Option(names = "--minutes", defaultValue = "10", description = "of work (default ${DEFAULT-VALUE})")
    private int minutes;

    @Option(
            names = "--clients",
            defaultValue = "16",
            description = "each submits, waits, fetches, deletes (default ${DEFAULT-VALUE})")
    private int clients;

    @Option(
            names = "--steps",
            defaultValue = "4",
            description = "of each image: few, so that there are many jobs (default ${DEFAULT-VALUE})")
    private int steps;

    @Option(names = "--models", description = "folder of bundles (default: the repository's)")
    private Path models;

    private final AtomicLong finished = new AtomicLong();

    private record Reading(double minute, long jobs, Figures api, Figures worker) {}

    private record Figures(long resident, long heap, long threads, long files) {
        /** The heap first: what is garbage then no longer counts. */
        static Figures of(ChildProcess process) {
            ProcessFigures figures = new ProcessFigures(process.pid());
            long heap = figures.liveHeap();
            return new Figures(figures.resident(), heap, figures.threads(), figures.openFiles());
        }
    }

    @Override
    public Integer call() throws Exception {
        String machine = MachineFacts.line();
        try (Installation installation = Installation.start(models);
                ChildProcess api = installation.startApi();
                ChildProcess worker = installation.startWorker();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            long start = System.nanoTime();
            long end = start + Duration.ofMinutes(minutes).toNanos();
            List<Future<?>> work = new ArrayList<>();
            for (int client = 0; client < clients; client++) {
                int first = client * 1_000_000;
                work.add(threads.submit(() -> work(Installation.url(api), first, end)));
            }
            List<Reading> readings = new ArrayList<>();
            for (int minute = 1; minute <= minutes; minute++) {
                awaitTime(
                        start
                                + Duration.ofMinutes(minute).toNanos()
                                - Duration.ofSeconds(5).toNanos(),
                        work);
                readings.add(new Reading(
                        (System.nanoTime() - start) / 60e9, finished.get(), Figures.of(api), Figures.of(worker)));
            }
            for (Future<?> one : work) {
                one.get();
            }
            print(machine, readings);
        }
        return 0;
    }

    private Void work(URI server, int firstSeed, long end) throws Exception {
        try (JobClient client = new JobClient(server)) {
            for (int seed = firstSeed; System.nanoTime() < end; seed++) {
                String path = client.submit("{\"model\":\"fashion\",\"input\":{\"class\":\"bag\",\"steps\":" + steps
                        + ",\"seed\":" + seed + "}}");
                JsonNode job = client.awaitSuccess(path);
                client.fetch(path + "/outputs/0");
                if (!job.path("outputs").isEmpty()) {
                    client.delete(path);
                }
                finished.incrementAndGet();
            }
        }
        return null;
    }

    /** A client that failed ends the bench at once. */
    private static void awaitTime(long time, List<Future<?>> work) throws Exception {
        while (System.nanoTime() < time) {
            for (Future<?> one : work) {
                if (one.isDone()) {
                    one.get();
                }
            }
            Thread.sleep(100);
        }
    }

    private void print(String machine, List<Reading> readings) {
        Table table = new Table(
                "minute",
                "jobs",
                "API RSS MB",
                "API live heap MB",
                "API threads",
                "API files",
                "worker RSS MB",
                "worker live heap MB",
                "worker threads",
                "worker files");
        for (Reading reading : readings) {
            table.row(
                    reading.minute,
                    reading.jobs,
                    reading.api.resident / 1e6,
                    reading.api.heap / 1e6,
                    reading.api.threads,
                    reading.api.files,
                    reading.worker.resident / 1e6,
                    reading.worker.heap / 1e6,
                    reading.worker.threads,
                    reading.worker.files);
        }
        System.out.printf(
                Locale.ROOT,
                "%n`./safelight bench soak`: %d clients that submit, wait, fetch and delete, for %d minutes. %s.%n%n%s",
                clients,
                minutes,
                machine,
                table);
        // The first minutes warm up: classes, compiled code, pools.
        Reading first = readings.get(readings.size() / 3);
        Reading last = readings.getLast();
        System.out.printf(
                Locale.ROOT,
                "%nFrom minute %.0f to %.0f, over %,d jobs: API RSS %+.1f MB, live heap %+.2f MB;"
                        + " worker RSS %+.1f MB, live heap %+.2f MB.%n",
                first.minute,
                last.minute,
                last.jobs - first.jobs,
                (last.api.resident - first.api.resident) / 1e6,
                (last.api.heap - first.api.heap) / 1e6,
                (last.worker.resident - first.worker.resident) / 1e6,
                (last.worker.heap - first.worker.heap) / 1e6);
    }
}
