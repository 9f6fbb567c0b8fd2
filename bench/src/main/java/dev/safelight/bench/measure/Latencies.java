package dev.safelight.bench.measure;

import java.util.Arrays;

/** Durations in nanoseconds; one thread adds to it. */
public final class Latencies {
    private long[] nanos = new long[1024];
    private int count;

    public void add(long duration) {
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, 2 * count);
        }
        nanos[count++] = duration;
    }

    public void addAll(Latencies others) {
        for (int index = 0; index < others.count; index++) {
            add(others.nanos[index]);
        }
    }

    public int count() {
        return count;
    }

    /**
     * The nearest-rank percentile in milliseconds; not a number where there is none.
     *
     * @param rank in (0, 100]
     */
    public double percentile(double rank) {
        if (count == 0) {
            return Double.NaN;
        }
        long[] sorted = Arrays.copyOf(nanos, count);
        Arrays.sort(sorted);
        return sorted[Math.max(0, (int) Math.ceil(rank / 100 * count) - 1)] / 1e6;
    }
}
