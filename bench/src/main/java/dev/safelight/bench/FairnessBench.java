package dev.safelight.bench;

import dev.safelight.api.auth.KeyStore;
import dev.safelight.api.auth.Scope;
import dev.safelight.api.tenant.TenantStore;
import dev.safelight.bench.load.JobClient;
import dev.safelight.bench.measure.Latencies;
import dev.safelight.bench.measure.MachineFacts;
import dev.safelight.bench.measure.Spread;
import dev.safelight.bench.measure.Table;
import dev.safelight.bench.system.ChildProcess;
import dev.safelight.bench.system.Installation;
import dev.safelight.bench.system.WatchedWorker;
import dev.safelight.common.store.Database;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Row;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What a tenant notices of another that has submitted ten thousand jobs. */
@Command(
        name = "fairness",
        description = "A tenant's jobs while another floods the queue, as ratios to the same jobs alone.",
        mixinStandardHelpOptions = true)
final class FairnessBench implements Callable<Integer> {
    private static final int BATCH = 500;
    private static final String FLOOD_CLASS = "bag";
    private static final String OWN_CLASS = "sneaker";

    @Option(names = "--flood", defaultValue = "10000", description = "jobs of the other (default ${DEFAULT-VALUE})")
    private int flood;

    @Option(
            names = "--jobs",
            defaultValue = "20",
            description = "one after the other, on each side (default ${DEFAULT-VALUE})")
    private int jobs;

    @Option(names = "--steps", defaultValue = "25", description = "of each image (default ${DEFAULT-VALUE})")
    private int steps;

    @Option(
            names = "--flood-steps",
            defaultValue = "100",
            description = "of each image of the flood (default ${DEFAULT-VALUE})")
    private int floodSteps;

    @Option(names = "--models", description = "folder of bundles (default: the repository's)")
    private Path models;

    private final List<Call> calls = new ArrayList<>();

    /** A network call. @param ownRows rows of the tenant that is looked at */
    private record Call(int rows, int ownRows, long started, long ended) {}

    /**
     * What a job met.
     *
     * @param toFirst from 202 to the start of the first call with its rows
     * @param whole from POST until its end was seen
     */
    private record Met(long toFirst, long whole, double step, double rowsPerCall) {}

    @Override
    public Integer call() throws Exception {
        String machine = MachineFacts.line();
        try (Installation installation = Installation.start(models);
                ChildProcess api = installation.startApi(Map.of("SAFELIGHT_AUTH", "keys"));
                WatchedWorker worker = WatchedWorker.start(installation, "fashion")) {
            URI server = Installation.url(api);
            int own = worker.bundle().manifest().conditioning().classes().indexOf(OWN_CLASS);
            worker.network().tell((rows, started, ended) -> note(own, rows, started, ended));
            String key = key(installation, "own");
            // A connection each: the server closes those on which nothing happens for a while.
            List<Met> alone;
            try (JobClient client = new JobClient(server, key)) {
                run(client, jobs / 2);
                alone = run(client, jobs);
            }
            try (JobClient other = new JobClient(server, key(installation, "flood"))) {
                for (int first = 0; first < flood; first += BATCH) {
                    other.submitAll(floodBodies(first, Math.min(BATCH, flood - first)));
                }
            }
            awaitFullCalls(worker.network().maxRows());
            try (JobClient client = new JobClient(server, key)) {
                List<Met> beside = run(client, jobs);
                print(machine, alone, beside, fullStep(worker.network().maxRows()));
            }
        }
        return 0;
    }

    private static String key(Installation installation, String tenantId) {
        try (Database database = Database.open(installation.database(), "bench")) {
            new TenantStore(database).create(tenantId, Json.MAPPER.createObjectNode());
            return new KeyStore(database)
                    .create(tenantId, "bench", EnumSet.of(Scope.JOBS_READ, Scope.JOBS_WRITE), null)
                    .orElseThrow()
                    .key()
                    .reveal();
        }
    }

    private List<String> floodBodies(int first, int count) {
        List<String> bodies = new ArrayList<>();
        for (int seed = first; seed < first + count; seed++) {
            bodies.add(body(FLOOD_CLASS, seed, floodSteps));
        }
        return bodies;
    }

    private static String body(String label, int seed, int steps) {
        return "{\"model\":\"fashion\",\"input\":{\"class\":\"" + label
                + "\",\"sampler\":\"ddim\",\"guidance\":3,\"steps\":" + steps + ",\"seed\":" + seed + "}}";
    }

    private List<Met> run(JobClient client, int count) throws IOException, InterruptedException {
        List<Met> met = new ArrayList<>();
        for (int job = 0; job < count; job++) {
            // Not in step with any timer of the system.
            Thread.sleep(20 + Math.floorMod(job * 37, 101));
            synchronized (calls) {
                calls.removeIf(call -> call.ownRows() > 0);
            }
            long posted = System.nanoTime();
            String path = client.submit(body(OWN_CLASS, job, steps));
            long accepted = System.nanoTime();
            client.awaitSuccess(path);
            met.add(met(posted, accepted, System.nanoTime()));
        }
        return met;
    }

    private Met met(long posted, long accepted, long seen) {
        synchronized (calls) {
            List<Call> carried =
                    calls.stream().filter(call -> call.ownRows() > 0).toList();
            double step = carried.stream()
                    .mapToLong(call -> call.ended() - call.started())
                    .average()
                    .orElseThrow();
            double rows = carried.stream().mapToInt(Call::rows).average().orElseThrow();
            return new Met(carried.getFirst().started() - accepted, seen - posted, step, rows);
        }
    }

    private void note(int own, List<Row> rows, long started, long ended) {
        // With guidance a row in two has no class; the other says whose it is.
        int ownRows = (int) rows.stream()
                .filter(row -> row.conditioning() instanceof Conditioning.ClassIndex(int index) && index == own)
                .count();
        synchronized (calls) {
            calls.add(new Call(rows.size(), ownRows, started, ended));
        }
    }

    private void awaitFullCalls(int maxRows) {
        long end = System.nanoTime() + 60_000_000_000L;
        while (System.nanoTime() < end) {
            synchronized (calls) {
                if (calls.stream().filter(call -> call.rows() == maxRows).count() > 20) {
                    return;
                }
            }
            LockSupport.parkNanos(50_000_000);
        }
        throw new IllegalStateException("the flood does not fill the device");
    }

    /** Nanoseconds that a full call takes, which is what a newcomer may find under way. */
    private double fullStep(int maxRows) {
        synchronized (calls) {
            return calls.stream()
                    .filter(call -> call.rows() == maxRows)
                    .mapToLong(call -> call.ended() - call.started())
                    .average()
                    .orElseThrow();
        }
    }

    private void print(String machine, List<Met> alone, List<Met> beside, double fullStep) {
        Latencies hop = latencies(alone.stream().map(Met::toFirst).toList());
        Latencies aloneWhole = latencies(alone.stream().map(Met::whole).toList());
        Latencies first = latencies(beside.stream().map(Met::toFirst).toList());
        Latencies whole = latencies(beside.stream().map(Met::whole).toList());
        Table table = new Table("", "alone, p50", "p90", "beside the flood, p50", "p90");
        table.row(
                "202 → first step ms",
                hop.percentile(50),
                hop.percentile(90),
                first.percentile(50),
                first.percentile(90));
        table.row(
                "POST → end seen ms",
                aloneWhole.percentile(50),
                aloneWhole.percentile(90),
                whole.percentile(50),
                whole.percentile(90));
        table.row("call that carries it ms", mean(alone, false), "", mean(beside, false), "");
        table.row("rows of that call", mean(alone, true), "", mean(beside, true), "");
        double bound = hop.percentile(50) + fullStep / 1e6;
        Table ratios = new Table("", "median (lowest to highest)", "bar");
        ratios.row(
                "first step beside the flood ÷ (dispatch hop + one full call)",
                Spread.of(beside.stream()
                                .map(one -> one.toFirst() / 1e6 / bound)
                                .toList())
                        .text(2),
                "≤ 1");
        ratios.row(
                "whole time beside the flood ÷ alone",
                Spread.of(beside.stream()
                                .map(one -> one.whole() / 1e6 / aloneWhole.percentile(50))
                                .toList())
                        .text(2),
                "≤ 3");
        System.out.printf(
                "%n`./safelight bench fairness`: %,d jobs of %d steps of one tenant, %d of %d steps of another, one after the"
                        + " other; equal weights; a full call takes %.1f ms. %s.%n%n%s%n%s%n",
                flood, floodSteps, jobs, steps, fullStep / 1e6, machine, table, ratios);
    }

    private static Latencies latencies(List<Long> nanos) {
        Latencies latencies = new Latencies();
        nanos.forEach(latencies::add);
        return latencies;
    }

    private static double mean(List<Met> met, boolean rows) {
        return met.stream()
                .mapToDouble(one -> rows ? one.rowsPerCall() : one.step() / 1e6)
                .average()
                .orElseThrow();
    }
}
