package dev.safelight.common.sampling.sampler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The cheapest chains of 1 to T nodes from index 0 to index T − 1, by dynamic programming (Watson et al. 2021, §3). The chain
 * of K nodes comes out of the table of all shorter ones, so that each row of the table is filled once, whatever the order in
 * which lengths are asked for: all of them together cost T³/6 additions.
 */
final class LeastCost {
    /** A table of T = 1000 is 6 MB. */
    static final int MOST_KEPT = 8;

    private static final Map<Object, LeastCost> KEPT = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Object, LeastCost> eldest) {
            return size() > MOST_KEPT;
        }
    };

    /** What a jump from the noisier index {@code from} to the cleaner index {@code to} costs. */
    @FunctionalInterface
    interface Cost {
        double of(int to, int from);
    }

    private final int size;
    private final Cost cost;
    private final List<short[]> before = new ArrayList<>();
    private double[][] costs;
    private double[] best;

    /**
     * @param size T, below 65,536
     * @param cost asked once for each jump
     */
    LeastCost(int size, Cost cost) {
        this.size = size;
        this.cost = cost;
    }

    /**
     * The table that was made for an equal key before, or else a new one; a few are kept, those last used.
     *
     * @param key all that the costs depend on, by value
     */
    static LeastCost of(Object key, Supplier<LeastCost> made) {
        synchronized (KEPT) {
            return KEPT.computeIfAbsent(key, ignored -> made.get());
        }
    }

    /** For a key. */
    static List<Double> values(double[] table) {
        return Arrays.stream(table).boxed().toList();
    }

    /**
     * O(T²) for each length up to this one that nobody asked for before; nothing for the others.
     *
     * @param nodes of the chain, both ends included; one node is the last index
     * @return indices, rising
     * @throws IllegalArgumentException when there are not as many indices as nodes
     */
    synchronized int[] path(int nodes) {
        if (nodes > size) {
            throw new IllegalArgumentException(nodes + " steps cannot be chosen out of " + size + " training steps");
        }
        while (before.size() < nodes - 1) {
            extend();
        }
        int[] path = new int[nodes];
        path[nodes - 1] = size - 1;
        for (int k = nodes - 1; k > 0; k--) {
            path[k - 1] = Short.toUnsignedInt(before.get(k - 1)[path[k]]);
        }
        return path;
    }

    /** One more jump. */
    private void extend() {
        if (costs == null) {
            costs = everyJump();
            best = new double[size];
            Arrays.fill(best, Double.POSITIVE_INFINITY);
            best[0] = 0;
        }
        int k = before.size() + 1;
        double[] next = new double[size];
        Arrays.fill(next, Double.POSITIVE_INFINITY);
        short[] chosen = new short[size];
        for (int from = k; from < size; from++) {
            double[] jumps = costs[from];
            for (int to = k - 1; to < from; to++) {
                double total = best[to] + jumps[to];
                if (total < next[from]) {
                    next[from] = total;
                    chosen[from] = (short) to;
                }
            }
        }
        best = next;
        before.add(chosen);
    }

    private double[][] everyJump() {
        double[][] jumps = new double[size][];
        for (int from = 1; from < size; from++) {
            jumps[from] = new double[from];
            for (int to = 0; to < from; to++) {
                jumps[from][to] = cost.of(to, from);
            }
        }
        return jumps;
    }
}
