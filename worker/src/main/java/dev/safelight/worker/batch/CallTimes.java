package dev.safelight.worker.batch;

import java.util.Map;
import java.util.TreeMap;

/**
 * How long calls of a network take, by their rows. Follows the fastest: what disturbs a call makes it longer and says
 * nothing of the network.
 */
final class CallTimes {
    private static final double RISE = 0.1;

    private final TreeMap<Integer, Double> nanosOfRows = new TreeMap<>();

    void observe(int rows, long nanos) {
        nanosOfRows.merge(rows, (double) nanos, (known, seen) -> seen < known ? seen : known + RISE * (seen - known));
    }

    /** Nanoseconds that a call of so many rows takes: between those that were seen, on the line; beyond, as the nearest. */
    double of(int rows) {
        Map.Entry<Integer, Double> below = nanosOfRows.floorEntry(rows);
        Map.Entry<Integer, Double> above = nanosOfRows.ceilingEntry(rows);
        if (below == null || above == null) {
            return above != null ? above.getValue() : below != null ? below.getValue() : 0;
        }
        if (below.getKey().equals(above.getKey())) {
            return below.getValue();
        }
        double way = (double) (rows - below.getKey()) / (above.getKey() - below.getKey());
        return below.getValue() + way * (above.getValue() - below.getValue());
    }
}
