package dev.safelight.bench.engine;

import dev.safelight.bench.engine.Arrivals.Fared;
import dev.safelight.bench.measure.Spread;
import dev.safelight.bench.measure.Table;
import dev.safelight.bench.system.BareLoop;
import dev.safelight.bench.system.Watched;
import dev.safelight.common.config.StoreSettings;
import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.ObjectStores;
import dev.safelight.embedded.Folders;
import dev.safelight.worker.generate.Progress;
import dev.safelight.worker.output.Origin;
import dev.safelight.worker.output.OutputWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** The parts of {@code bench engine}; each returns what is to be printed. */
public final class EngineParts {
    private static final int STEPS = 50;
    private static final int BATCH = 8;

    private final Workbench bench;
    private final int rounds;
    private final int seconds;
    private final int arrivalsSeconds;

    public EngineParts(Workbench bench, int rounds, int seconds, int arrivalsSeconds) {
        this.bench = bench;
        this.rounds = rounds;
        this.seconds = seconds;
        this.arrivalsSeconds = arrivalsSeconds;
    }

    /**
     * Brings the loop to where a worker is that has run for some minutes: Java compiles what was called many thousand times, and
     * a network takes its time. So half of these jobs are run on a network that answers at once.
     */
    public void warmUp(int length) throws InterruptedException {
        long end = System.nanoTime() + length * 1_000_000_000L;
        while (System.nanoTime() < end - length * 500_000_000L) {
            together(1, seed -> bench.rehearse(Workbench.input(STEPS, seed)));
            together(BATCH, seed -> bench.rehearse(Workbench.input(STEPS, seed)));
        }
        while (System.nanoTime() < end) {
            together(1, STEPS);
            together(BATCH, STEPS);
        }
    }

    /** Rows a second of the bare network over the size of its calls: where batching pays. */
    public String batch() throws IOException {
        int[] sizes = {1, 2, 4, 6, 8, 12, 16, 24, 32};
        List<List<Double>> rates = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < sizes.length; i++) {
                if (round == 0) {
                    rates.add(new ArrayList<>());
                }
                try (BareLoop bare = new BareLoop(bench.bundle(), sizes[i])) {
                    bare.run(Duration.ofMillis(200));
                    rates.get(i).add(bare.run(Duration.ofMillis(100L * seconds)));
                }
            }
        }
        double single = Spread.of(rates.getFirst()).median();
        Table table = new Table("rows a call", "rows/s of the bare network", "times one row a call");
        for (int i = 0; i < sizes.length; i++) {
            Spread spread = Spread.of(rates.get(i));
            table.row(sizes[i], spread.text(0), spread.median() / single);
        }
        return table + "the engine's own limit: " + bench.network().maxRows() + " rows" + System.lineSeparator();
    }

    /** All the time of a walk that is not in the network, over the time that is. */
    public String loop() throws InterruptedException {
        together(1, STEPS);
        together(BATCH, STEPS);
        Table table = new Table("images at a time", "rows a call", "(whole − network) / network, %", "bar");
        for (int images : new int[] {1, BATCH}) {
            List<Double> ratios = new ArrayList<>();
            double rowsPerCall = 0;
            for (int round = 0; round < rounds; round++) {
                long whole = 0;
                long network = 0;
                long rows = 0;
                long calls = 0;
                long end = System.nanoTime() + seconds * 1_000_000_000L;
                while (System.nanoTime() < end) {
                    bench.network().reset();
                    long start = System.nanoTime();
                    together(images, STEPS);
                    whole += System.nanoTime() - start;
                    Watched.Calls did = bench.network().calls();
                    network += did.busy();
                    rows += did.rows();
                    calls += did.count();
                }
                ratios.add(100.0 * (whole - network) / network);
                rowsPerCall = (double) rows / calls;
            }
            table.row(images, rowsPerCall, Spread.of(ratios).text(2), images == 1 ? "≤ 2" : "≤ 1");
        }
        return table.toString();
    }

    private interface Job {
        void run(int seed) throws InterruptedException;
    }

    private void together(int images, int steps) throws InterruptedException {
        together(images, seed -> bench.run(Workbench.input(steps, seed), Progress.Listener.NONE));
    }

    private static void together(int images, Job job) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(images);
        for (int image = 0; image < images; image++) {
            int seed = image;
            Thread.ofVirtual().start(() -> {
                try {
                    job.run(seed);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                } finally {
                    done.countDown();
                }
            });
        }
        done.await();
    }

    /** From input to durable PNG, image after image in so many streams, beside a loop that only calls the network. */
    public String whole(Path below) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory(Files.createDirectories(below), "outputs");
        Table table = new Table("streams", "rows a call", "images/s ÷ those of the bare loop", "bar");
        try (ObjectStore store =
                ObjectStores.open(new StoreSettings(StoreSettings.Kind.FILE, folder, "", "", "", "", "", ""))) {
            OutputWriter writer = new OutputWriter(store);
            for (int streams : new int[] {1, BATCH}) {
                List<Double> ratios = new ArrayList<>();
                double rowsPerCall = 0;
                try (BareLoop bare = new BareLoop(bench.bundle(), streams)) {
                    bare.run(Duration.ofSeconds(1));
                    images(streams, writer, 1);
                    for (int round = 0; round < rounds; round++) {
                        double before = bare.run(Duration.ofMillis(500L * seconds));
                        bench.network().reset();
                        double images = images(streams, writer, seconds);
                        rowsPerCall = bench.network().calls().rowsPerCall();
                        double after = bare.run(Duration.ofMillis(500L * seconds));
                        ratios.add(images * STEPS / ((before + after) / 2));
                    }
                }
                table.row(streams, rowsPerCall, Spread.of(ratios).text(3), "≥ 0.95");
            }
        } finally {
            Folders.delete(folder);
        }
        return table.toString();
    }

    /** @return images a second */
    private double images(int streams, OutputWriter writer, int length) throws InterruptedException {
        AtomicLong made = new AtomicLong();
        CountDownLatch done = new CountDownLatch(streams);
        long start = System.nanoTime();
        long end = start + length * 1_000_000_000L;
        for (int stream = 0; stream < streams; stream++) {
            Thread.ofVirtual().start(() -> {
                try {
                    while (System.nanoTime() < end) {
                        var input = Workbench.input(STEPS, made.get());
                        var pictures = bench.run(input, Progress.Listener.NONE).pictures();
                        Fence fence = new Fence(new JobKey(JobKey.DEFAULT_TENANT, UUID.randomUUID()), 1);
                        writer.write(
                                fence, new Origin("fashion", bench.bundle().version(), input), 0, pictures.getFirst());
                        made.incrementAndGet();
                    }
                } catch (InterruptedException | IOException e) {
                    throw new IllegalStateException(e);
                } finally {
                    done.countDown();
                }
            });
        }
        done.await();
        return made.get() / ((System.nanoTime() - start) / 1e9);
    }

    /** Random arrivals: continuous batching beside whole requests in batches, and, at low load, one after the other. */
    public String arrivals() throws Exception {
        together(BATCH, STEPS);
        double capacity;
        try (BareLoop bare = new BareLoop(bench.bundle(), BATCH)) {
            bare.run(Duration.ofSeconds(1));
            capacity = bare.run(Duration.ofSeconds(3)) / Arrivals.MEAN_STEPS;
        }
        int limit = Math.max(BATCH, bench.network().maxRows());
        Table table = new Table("load", "jobs", "policy", "mean ms", "p99 of short jobs, ms", "jobs/s", "rows a call");
        Table ratios = new Table("load", "continuous ÷", "mean latency", "p99 of short jobs", "throughput", "bars");
        for (int trial = 0; trial < 2; trial++) {
            Arrivals busy = new Arrivals(0.8 * capacity, Duration.ofSeconds(arrivalsSeconds), 7 + trial);
            Fared ours = fared(table, "0.8", busy, "continuous", Policy.continuous());
            Fared batches = fared(table, "0.8", busy, "static, at most " + limit, new Policy.Static(limit));
            ratios.row(
                    "0.8",
                    "static",
                    ours.mean() / batches.mean(),
                    ours.shortTail() / batches.shortTail(),
                    ours.throughput() / batches.throughput(),
                    "≤ 0.7, ≤ 0.5, ≥ 1.0");
            Arrivals calm = new Arrivals(0.3 * capacity, Duration.ofSeconds(arrivalsSeconds), 17 + trial);
            Fared alone = fared(table, "0.3", calm, "one after the other", new Policy.Static(1));
            Fared shared = fared(table, "0.3", calm, "continuous", Policy.continuous());
            ratios.row(
                    "0.3",
                    "serial",
                    shared.mean() / alone.mean(),
                    shared.shortTail() / alone.shortTail(),
                    shared.throughput() / alone.throughput(),
                    "≤ 1.03, ≤ 1.03, ≥ 0.97");
        }
        return String.format(
                Locale.ROOT,
                "Capacity: %.1f jobs/s of the bare network at %d rows a call.%n%n%s%n%s",
                capacity,
                BATCH,
                table,
                ratios);
    }

    private Fared fared(Table table, String load, Arrivals arrivals, String name, Policy policy) throws Exception {
        try (policy) {
            Fared fared = arrivals.run(bench, policy);
            table.row(
                    load,
                    arrivals.count(),
                    name,
                    fared.mean(),
                    fared.shortTail(),
                    fared.throughput(),
                    fared.rowsPerCall());
            return fared;
        }
    }

    /** Steps a second with and without somebody who saves where the walks are. */
    public String checkpoints() throws Exception {
        Table table = new Table("jobs at a time", "steps/s with checkpoints ÷ without", "bar");
        try (CheckpointedJobs jobs = CheckpointedJobs.start()) {
            for (int streams : new int[] {BATCH, 32}) {
                jobs.stepsPerSecond(bench, streams, 2, true);
                List<Double> ratios = new ArrayList<>();
                for (int round = 0; round < rounds; round++) {
                    double without = jobs.stepsPerSecond(bench, streams, seconds, false);
                    double with = jobs.stepsPerSecond(bench, streams, 2 * seconds, true);
                    without = (without + jobs.stepsPerSecond(bench, streams, seconds, false)) / 2;
                    ratios.add(with / without);
                }
                table.row(streams, Spread.of(ratios).text(3), "≥ 0.99");
            }
            return table.toString() + jobs.saved() + " checkpoints were saved" + System.lineSeparator();
        }
    }
}
