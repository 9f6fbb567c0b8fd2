package dev.safelight.bench;

import dev.safelight.bench.load.JobClient;
import dev.safelight.bench.measure.Latencies;
import dev.safelight.bench.measure.MachineFacts;
import dev.safelight.bench.measure.Spread;
import dev.safelight.bench.measure.Table;
import dev.safelight.bench.system.BareLoop;
import dev.safelight.bench.system.ChildProcess;
import dev.safelight.bench.system.Installation;
import dev.safelight.bench.system.Watched;
import dev.safelight.bench.system.WatchedWorker;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What the system adds to the sampling: time when it is idle, lost images when it is busy. */
@Command(
        name = "overhead",
        description = "Time beyond the sampling on an idle system, and images a second beside a bare loop.",
        mixinStandardHelpOptions = true)
final class OverheadBench implements Callable<Integer> {
    /** With guidance both branches are rows of the call. */
    private static final int ROWS_AN_IMAGE = 2;

    /** Steps of a job that is there to be over soon, and how many of them are made in the time of one other. */
    private static final int SHORT = 2;

    private static final int SHORT_ONES = 3;

    @Option(
            names = "--jobs",
            defaultValue = "60",
            description = "one after the other on the idle system (default ${DEFAULT-VALUE})")
    private int jobs;

    @Option(names = "--rounds", defaultValue = "3", description = "of images a second (default ${DEFAULT-VALUE})")
    private int rounds;

    @Option(
            names = "--seconds",
            defaultValue = "12",
            description = "of each side of a round (default ${DEFAULT-VALUE})")
    private int seconds;

    @Option(
            names = "--warmup",
            defaultValue = "20",
            description = "seconds before the first of them (default ${DEFAULT-VALUE})")
    private int warmup;

    @Option(names = "--steps", defaultValue = "20", description = "of each image (default ${DEFAULT-VALUE})")
    private int steps;

    @Option(
            names = "--counts",
            split = ",",
            defaultValue = "1,4",
            description = "images a job (default ${DEFAULT-VALUE})")
    private List<Integer> counts;

    @Option(names = "--models", description = "folder of bundles (default: the repository's)")
    private Path models;

    private final Latencies posted = new Latencies();
    private final Latencies toStart = new Latencies();
    private final Latencies fromAccepted = new Latencies();
    private final Latencies sampling = new Latencies();
    private final Latencies afterwards = new Latencies();
    private final Latencies beyond = new Latencies();

    @Override
    public Integer call() throws Exception {
        String machine = MachineFacts.line();
        try (Installation installation = Installation.start(models);
                ChildProcess api = installation.startApi();
                WatchedWorker worker = WatchedWorker.start(installation, "fashion");
                JobClient client = new JobClient(Installation.url(api))) {
            measureIdle(client, worker.network());
            System.out.printf(
                    "%n`./safelight bench overhead`: API as a process, worker in the bench's own JVM. %s.%n%n%s%n",
                    machine, idleTable());
            System.out.println(busyTables(installation, Installation.url(api), worker));
        }
        return 0;
    }

    private static String body(int count, int seed, int steps) {
        return "{\"model\":\"fashion\",\"input\":{\"class\":\"sneaker\",\"sampler\":\"ddim\",\"guidance\":3,\"steps\":"
                + steps + ",\"count\":" + count + ",\"seed\":" + seed + "}}";
    }

    private void measureIdle(JobClient client, Watched network) throws IOException, InterruptedException {
        int warmup = jobs / 2;
        for (int job = -warmup; job < jobs; job++) {
            // Not in step with any timer of the system.
            Thread.sleep(20 + Math.floorMod(job * 37, 101));
            network.reset();
            long posting = System.nanoTime();
            String path = client.submit(body(1, Math.abs(job), steps));
            long accepted = System.nanoTime();
            client.awaitSuccess(path);
            long seen = System.nanoTime();
            if (job >= 0) {
                note(posting, accepted, network.calls(), seen);
            }
        }
    }

    private void note(long posting, long accepted, Watched.Calls calls, long seen) {
        posted.add(accepted - posting);
        toStart.add(calls.first() - posting);
        fromAccepted.add(calls.first() - accepted);
        sampling.add(calls.last() - calls.first());
        afterwards.add(seen - calls.last());
        beyond.add(seen - posting - (calls.last() - calls.first()));
    }

    private Table idleTable() {
        Table table =
                new Table("idle system, " + jobs + " jobs one after the other", "p50 ms", "p90 ms", "p99 ms", "bar");
        row(table, "POST → 202", posted, "");
        row(table, "202 → sampling starts", fromAccepted, "p50 ≤ 40");
        row(table, "POST → sampling starts", toStart, "");
        row(table, "sampling (" + steps + " steps)", sampling, "");
        row(table, "sampling ends → client sees the end", afterwards, "");
        row(table, "all but the sampling", beyond, "p50 ≤ 80");
        return table;
    }

    private static void row(Table table, String name, Latencies latencies, String bar) {
        table.row(name, latencies.percentile(50), latencies.percentile(90), latencies.percentile(99), bar);
    }

    private String busyTables(Installation installation, URI server, WatchedWorker worker) throws Exception {
        Table table = new Table(
                "round",
                "images a job",
                "rows a call",
                "device busy",
                "bare loop, images/s",
                "system, images/s",
                "ratio",
                "bare loop, CPU ms an image",
                "system, CPU ms an image");
        Table medians = new Table("images/s of the system ÷ of the bare loop", "median (lowest to highest)", "bar");
        int rowsPerCall = worker.network().maxRows();
        try (BareLoop bare = new BareLoop(worker.bundle(), rowsPerCall)) {
            double expected = images(bare.run(Duration.ofSeconds(3)));
            for (int warmed = 0; warmed < warmup; warmed += seconds) {
                // Half of it jobs of few steps: what happens once a job is compiled after thousands of jobs.
                boolean quick = warmed < warmup / 2;
                system(
                        server,
                        worker.network(),
                        counts.getFirst(),
                        quick ? SHORT : steps,
                        quick ? expected * SHORT_ONES : expected);
            }
            for (int count : counts) {
                List<Double> ratios = new ArrayList<>();
                for (int round = 1; round <= rounds; round++) {
                    double started = installation.processorSeconds();
                    double before = images(bare.run(Duration.ofMillis(500L * seconds)));
                    double between = installation.processorSeconds();
                    Busy busy = system(server, worker.network(), count, steps, expected);
                    double ended = installation.processorSeconds();
                    Watched.Calls calls = worker.network().calls();
                    double loop = (before + images(bare.run(Duration.ofMillis(500L * seconds)))) / 2;
                    ratios.add(busy.rate() / loop);
                    table.row(
                            round,
                            count,
                            calls.rowsPerCall(),
                            String.format(Locale.ROOT, "%.0f %%", 100 * calls.busyShare()),
                            loop,
                            busy.rate(),
                            busy.rate() / loop,
                            1000 * (between - started) / (before * seconds / 2),
                            1000 * (ended - between) / busy.images());
                }
                medians.row("jobs of " + count, Spread.of(ratios).text(2), "≥ 0.9");
            }
        }
        return table + System.lineSeparator() + medians;
    }

    private double images(double rowsPerSecond) {
        return rowsPerSecond / ROWS_AN_IMAGE / steps;
    }

    private record Busy(int images, double rate) {}

    /** From the first POST until the end of the last job is seen, so filling and emptying the system count against it. */
    private Busy system(URI server, Watched network, int count, int length, double expected) throws Exception {
        int wave = network.maxRows() / ROWS_AN_IMAGE;
        int waves = Math.max(2, (int) Math.round(expected * seconds / wave));
        int submitted = Math.ceilDiv(waves * wave, count);
        network.reset();
        long start = System.nanoTime();
        try (JobClient client = new JobClient(server)) {
            List<String> paths = new ArrayList<>();
            for (int job = 0; job < submitted; job++) {
                paths.add(client.submit(body(count, job * count, length)));
            }
            // One after the other on one connection: watching must not cost the system more than users would.
            for (String path : paths) {
                client.awaitSuccess(path);
            }
            long last = System.nanoTime();
            return new Busy(submitted * count, submitted * count / ((last - start) / 1e9));
        }
    }
}
