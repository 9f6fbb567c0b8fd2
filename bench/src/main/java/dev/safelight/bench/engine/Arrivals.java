package dev.safelight.bench.engine;

import dev.safelight.bench.measure.Latencies;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/** Jobs that arrive at random, as users do: the same ones at the same moments for each policy. */
final class Arrivals {
    static final int SHORT = 10;
    static final int LONG = 60;
    private static final double SHARE_OF_SHORT = 0.8;
    /** Mean steps of a job. */
    static final double MEAN_STEPS = SHARE_OF_SHORT * SHORT + (1 - SHARE_OF_SHORT) * LONG;

    private final List<Arrival> jobs = new ArrayList<>();

    private record Arrival(long nanos, int steps, long seed) {}

    /** @param rate jobs a second */
    Arrivals(double rate, Duration length, long seed) {
        Random random = new Random(seed);
        double at = 0;
        while ((at += -Math.log(1 - random.nextDouble()) / rate * 1e9) < length.toNanos()) {
            jobs.add(new Arrival((long) at, random.nextDouble() < SHARE_OF_SHORT ? SHORT : LONG, jobs.size()));
        }
    }

    int count() {
        return jobs.size();
    }

    /**
     * How the jobs of one run fared.
     *
     * @param mean milliseconds from arrival to picture
     * @param shortTail the 99th percentile of the short jobs, milliseconds
     * @param throughput jobs a second, from the first arrival to the last picture
     */
    record Fared(double mean, double shortTail, double throughput, double rowsPerCall) {}

    Fared run(Workbench bench, Policy policy) throws InterruptedException {
        long[] latency = new long[jobs.size()];
        CountDownLatch done = new CountDownLatch(jobs.size());
        bench.network().reset();
        long start = System.nanoTime();
        for (int i = 0; i < jobs.size(); i++) {
            Arrival job = jobs.get(i);
            int index = i;
            long due = start + job.nanos();
            while (System.nanoTime() < due) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
            policy.arrived(new Policy.Job(job.steps(), () -> {
                try {
                    bench.run(
                            Workbench.input(job.steps(), job.seed()),
                            dev.safelight.worker.generate.Progress.Listener.NONE);
                    latency[index] = System.nanoTime() - due;
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                } finally {
                    done.countDown();
                }
            }));
        }
        done.await();
        double seconds = (System.nanoTime() - start) / 1e9;
        Latencies ofShort = new Latencies();
        double sum = 0;
        for (int i = 0; i < latency.length; i++) {
            sum += latency[i] / 1e6;
            if (jobs.get(i).steps() == SHORT) {
                ofShort.add(latency[i]);
            }
        }
        return new Fared(
                sum / latency.length,
                ofShort.percentile(99),
                latency.length / seconds,
                bench.network().calls().rowsPerCall());
    }
}
