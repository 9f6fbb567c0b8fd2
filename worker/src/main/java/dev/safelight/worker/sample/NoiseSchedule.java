package dev.safelight.worker.sample;

import java.util.function.IntToDoubleFunction;

/**
 * The variance-preserving process of a discrete training schedule: a² = ᾱ and s² = 1 − ᾱ, in double, for the 0-based
 * indices 0..T−1.
 */
public final class NoiseSchedule {
    private final double[] alphaBar;

    private NoiseSchedule(double[] alphaBar) {
        this.alphaBar = alphaBar;
    }

    /** β from {@code first} to {@code last} in equal steps (Ho et al. 2020). */
    public static NoiseSchedule linear(int steps, double first, double last) {
        return ofBetas(steps, i -> between(first, last, i, steps));
    }

    /** √β in equal steps (Rombach et al. 2022). */
    public static NoiseSchedule scaledLinear(int steps, double first, double last) {
        return ofBetas(steps, i -> square(between(Math.sqrt(first), Math.sqrt(last), i, steps)));
    }

    /** ᾱ along a squared cosine, β at most 0.999 (Nichol and Dhariwal 2021, eq. 17). */
    public static NoiseSchedule squaredCosine(int steps) {
        IntToDoubleFunction f = i -> square(Math.cos(((double) i / steps + 0.008) / 1.008 * Math.PI / 2));
        return ofBetas(steps, i -> Math.min(1 - f.applyAsDouble(i + 1) / f.applyAsDouble(i), 0.999));
    }

    private static NoiseSchedule ofBetas(int steps, IntToDoubleFunction beta) {
        double[] alphaBar = new double[steps];
        double product = 1;
        for (int i = 0; i < steps; i++) {
            product *= 1 - beta.applyAsDouble(i);
            alphaBar[i] = product;
        }
        return new NoiseSchedule(alphaBar);
    }

    private static double between(double first, double last, int i, int steps) {
        return steps == 1 ? first : first + (last - first) * i / (steps - 1);
    }

    private static double square(double value) {
        return value * value;
    }

    /** T, the number of training steps. */
    public int steps() {
        return alphaBar.length;
    }

    /** ᾱ of a 0-based training index. */
    public double alphaBar(int index) {
        return alphaBar[index];
    }

    /** The level of a time in [0, T−1]; between two indices σ is interpolated linearly, as Euler-like samplers expect. */
    public Level level(double time) {
        int below = (int) Math.floor(time);
        if (below == time) {
            return new Level(time, Math.sqrt(alphaBar[below]), Math.sqrt(1 - alphaBar[below]));
        }
        double part = time - below;
        double sigma =
                (1 - part) * level(below).sigma() + part * level(below + 1).sigma();
        double signal = 1 / Math.sqrt(1 + sigma * sigma);
        return new Level(time, signal, sigma * signal);
    }
}
