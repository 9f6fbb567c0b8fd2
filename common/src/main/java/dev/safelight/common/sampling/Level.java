package dev.safelight.common.sampling;

/**
 * A point of the forward process: x = signal · x0 + noise · z.
 *
 * @param time what the network is told, in the unit it was trained with
 * @param signal a, the factor of clean data
 * @param noise s, the standard deviation of the noise
 */
public record Level(double time, double signal, double noise) {

    /** Where every walk ends: data without noise. No network is ever asked about it. */
    public static final Level CLEAN = new Level(-1, 1, 0);

    private static final double ROUNDING = 1e-6;

    /** σ̂ = s/a, the noise that is left when x is divided by its signal (Karras et al. 2022). */
    public double sigma() {
        return noise / signal;
    }

    /** λ = ln(a/s), half the log signal-to-noise ratio (Lu et al. 2022). Infinite for {@link #CLEAN}. */
    public double lambda() {
        return Math.log(signal / noise);
    }

    /** Whether a² + s² = 1. */
    public boolean variancePreserving() {
        return Math.abs(signal * signal + noise * noise - 1) < ROUNDING;
    }

    /** Standard deviation of the pure noise that a walk starts from here: 1 where the process keeps unit variance, else s. */
    public double prior() {
        return variancePreserving() ? 1 : noise;
    }

    public boolean clean() {
        return noise == 0;
    }
}
