package dev.safelight.common.sampling.sampler;

import java.util.Arrays;

/** The cheapest chain of so many nodes from index 0 to index T − 1, by dynamic programming (Watson et al. 2021, §3). */
final class LeastCost {

    /** What a jump from the noisier index {@code from} to the cleaner index {@code to} costs. */
    @FunctionalInterface
    interface Cost {
        double of(int to, int from);
    }

    private LeastCost() {}

    /**
     * O(nodes · size²).
     *
     * @param size T
     * @param nodes of the chain, both ends included; one node is the last index
     * @return indices, rising
     * @throws IllegalArgumentException when there are not as many indices as nodes
     */
    static int[] path(int size, int nodes, Cost cost) {
        if (nodes > size) {
            throw new IllegalArgumentException(nodes + " steps cannot be chosen out of " + size + " training steps");
        }
        if (nodes == 1) {
            return new int[] {size - 1};
        }
        double[][] costs = new double[size][];
        for (int from = 1; from < size; from++) {
            costs[from] = new double[from];
            for (int to = 0; to < from; to++) {
                costs[from][to] = cost.of(to, from);
            }
        }
        double[] best = new double[size];
        Arrays.fill(best, Double.POSITIVE_INFINITY);
        best[0] = 0;
        int[][] before = new int[nodes][size];
        for (int k = 1; k < nodes; k++) {
            double[] next = new double[size];
            Arrays.fill(next, Double.POSITIVE_INFINITY);
            for (int from = k; from < size; from++) {
                for (int to = k - 1; to < from; to++) {
                    double total = best[to] + costs[from][to];
                    if (total < next[from]) {
                        next[from] = total;
                        before[k][from] = to;
                    }
                }
            }
            best = next;
        }
        int[] path = new int[nodes];
        path[nodes - 1] = size - 1;
        for (int k = nodes - 1; k > 0; k--) {
            path[k - 1] = before[k][path[k]];
        }
        return path;
    }
}
