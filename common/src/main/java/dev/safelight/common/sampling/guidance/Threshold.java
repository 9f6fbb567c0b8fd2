package dev.safelight.common.sampling.guidance;

import java.util.Arrays;

/** Keeps D inside the range of clean data, where strong guidance would push it out. */
public sealed interface Threshold {

    /** D as the network and its guidance have it. */
    record None() implements Threshold {}

    /** D is clipped to the range. */
    record Static(double low, double high) implements Threshold {}

    /**
     * D is clipped to a percentile of its own distances from the middle of the range and scaled back into it (Saharia et
     * al. 2022, §2.3).
     *
     * @param percentile in (0, 1]
     */
    record Dynamic(double low, double high, double percentile) implements Threshold {}

    default float[] apply(float[] clean) {
        return switch (this) {
            case None _ -> clean;
            case Static(double low, double high) -> clipped(clean, low, high, 1);
            case Dynamic(double low, double high, double percentile) -> {
                double middle = (low + high) / 2;
                double reach = (high - low) / 2;
                double distance = Math.max(quantile(clean, middle, percentile), reach);
                yield Double.isFinite(distance)
                        ? clipped(clean, middle - distance, middle + distance, reach / distance)
                        : clean;
            }
        };
    }

    private static float[] clipped(float[] clean, double low, double high, double scale) {
        double middle = (low + high) / 2;
        float[] kept = new float[clean.length];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = (float) (middle + scale * (Math.clamp((double) clean[i], low, high) - middle));
        }
        return kept;
    }

    /** With linear interpolation between two ranks, as torch.quantile. */
    private static double quantile(float[] clean, double middle, double percentile) {
        double[] distances = new double[clean.length];
        for (int i = 0; i < distances.length; i++) {
            distances[i] = Math.abs(clean[i] - middle);
        }
        Arrays.sort(distances);
        double rank = percentile * (distances.length - 1);
        int below = (int) Math.floor(rank);
        int above = Math.min(below + 1, distances.length - 1);
        return distances[below] + (rank - below) * (distances[above] - distances[below]);
    }
}
