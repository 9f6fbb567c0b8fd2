package dev.safelight.worker.generate;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What timing calls of every size came to.
 *
 * @param rowsPerSecond by rows a call, the best that any round saw: whatever else a machine does only slows a call
 * @param spread by how much the rounds differ at the size where they differ most: the best over the worst of them
 */
record Sweep(TreeMap<Integer, Double> rowsPerSecond, double spread) {
    /** Rounds of a quiet machine differ by a few in a hundred. */
    private static final double STEADY = 1.15;
    /** A larger call that brings less than this much more only makes everybody wait longer. */
    private static final double WORTH_IT = 0.95;

    /** @param rounds over the same sizes */
    static Sweep of(List<SortedMap<Integer, Double>> rounds) {
        TreeMap<Integer, Double> best = new TreeMap<>();
        TreeMap<Integer, Double> worst = new TreeMap<>();
        for (SortedMap<Integer, Double> round : rounds) {
            round.forEach((rows, rate) -> {
                best.merge(rows, rate, Math::max);
                worst.merge(rows, rate, Math::min);
            });
        }
        double spread = best.entrySet().stream()
                .mapToDouble(entry -> entry.getValue() / worst.get(entry.getKey()))
                .max()
                .orElseThrow();
        return new Sweep(best, spread);
    }

    /** Whether it tells of the machine, and not of what else ran on it. */
    boolean steady() {
        return spread <= STEADY;
    }

    /** The smallest call whose rows a second come close to the best; one row where nothing is gained by sharing. */
    int mostRows() {
        double best = rowsPerSecond.values().stream().max(Double::compare).orElseThrow();
        return rowsPerSecond.entrySet().stream()
                .filter(entry -> entry.getValue() >= WORTH_IT * best)
                .mapToInt(Map.Entry::getKey)
                .min()
                .orElse(1);
    }
}
