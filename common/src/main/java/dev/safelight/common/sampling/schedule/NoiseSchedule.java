package dev.safelight.common.sampling.schedule;

import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Spacing;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The variance-preserving process of a discrete training schedule: a² = ᾱ and s² = 1 − ᾱ, in double, for the 0-based
 * indices 0..T−1, which are what the network is told.
 */
public final class NoiseSchedule implements Process {
    /** ᾱ that solvers in σ̂ take for a level without signal. */
    static final double LEAST_ALPHA_BAR = 0x1p-24;

    private final double[] alphaBar;
    /** σ̂ of each index, finite also where no signal is left. */
    private final double[] sigma;

    private final int offset;
    private final boolean endsAtFirst;
    private final boolean cosine;

    private NoiseSchedule(double[] alphaBar, int offset, boolean endsAtFirst, boolean cosine) {
        this.alphaBar = alphaBar;
        this.sigma = Arrays.stream(alphaBar)
                .map(bar -> Math.max(bar, LEAST_ALPHA_BAR))
                .map(bar -> Math.sqrt((1 - bar) / bar))
                .toArray();
        this.offset = offset;
        this.endsAtFirst = endsAtFirst;
        this.cosine = cosine;
    }

    /** β from {@code first} to {@code last} in equal steps (Ho et al. 2020). */
    public static NoiseSchedule linear(int steps, double first, double last) {
        return ofBetas(steps, false, i -> between(first, last, i, steps));
    }

    /** √β in equal steps (Rombach et al. 2022). */
    public static NoiseSchedule scaledLinear(int steps, double first, double last) {
        return ofBetas(steps, false, i -> square(between(Math.sqrt(first), Math.sqrt(last), i, steps)));
    }

    /** ᾱ along a squared cosine, β at most 0.999 (Nichol and Dhariwal 2021, eq. 17). */
    public static NoiseSchedule squaredCosine(int steps) {
        IntToDoubleFunction f = i -> square(Math.cos(((double) i / steps + 0.008) / 1.008 * Math.PI / 2));
        return ofBetas(steps, true, i -> Math.min(1 - f.applyAsDouble(i + 1) / f.applyAsDouble(i), 0.999));
    }

    /**
     * The few large steps of denoising diffusion GANs: variances of the continuous VP process at u_i = 10⁻³ + (1 − 10⁻³)i/n
     * (Xiao et al. 2022, appendix).
     */
    public static NoiseSchedule diffusionGan(int steps, double betaMin, double betaMax) {
        double lowest = 1e-3;
        double first = VpDiffusion.integral(betaMin, betaMax, lowest);
        double[] alphaBar = new double[steps];
        for (int i = 1; i <= steps; i++) {
            double u = lowest + (1 - lowest) * i / steps;
            alphaBar[i - 1] = Math.exp(first - VpDiffusion.integral(betaMin, betaMax, u));
        }
        return new NoiseSchedule(alphaBar, 0, false, false);
    }

    private static NoiseSchedule ofBetas(int steps, boolean cosine, IntToDoubleFunction beta) {
        double[] alphaBar = new double[steps];
        double product = 1;
        for (int i = 0; i < steps; i++) {
            product *= 1 - beta.applyAsDouble(i);
            alphaBar[i] = product;
        }
        return new NoiseSchedule(alphaBar, 0, false, cosine);
    }

    private static double between(double first, double last, int i, int steps) {
        return steps == 1 ? first : first + (last - first) * i / (steps - 1);
    }

    private static double square(double value) {
        return value * value;
    }

    /** No signal at the last index: q ← (q − q_T) q₁ / (q₁ − q_T) for q = √ᾱ (Lin et al. 2023, algorithm 1). */
    public NoiseSchedule withZeroTerminalSnr() {
        double first = Math.sqrt(alphaBar[0]);
        double last = Math.sqrt(alphaBar[alphaBar.length - 1]);
        return with(bar -> square((Math.sqrt(bar) - last) * first / (first - last)));
    }

    /** Log SNR lowered by 2 ln k, as for pictures k times as large (Hoogeboom et al. 2023, eq. 2): σ̂ becomes k·σ̂. */
    public NoiseSchedule withShift(double k) {
        return with(bar -> bar / (bar + k * k * (1 - bar)));
    }

    /** Leading spacing counts from this index (Stable Diffusion: 1). */
    public NoiseSchedule withOffset(int first) {
        return new NoiseSchedule(alphaBar, first, endsAtFirst, cosine);
    }

    /** Walks that follow training indices end at index 0 instead of clean data (Stable Diffusion). */
    public NoiseSchedule endingAtFirst() {
        return new NoiseSchedule(alphaBar, offset, true, cosine);
    }

    private NoiseSchedule with(DoubleUnaryOperator change) {
        return new NoiseSchedule(Arrays.stream(alphaBar).map(change).toArray(), offset, endsAtFirst, cosine);
    }

    @Override
    public Kind kind() {
        return Kind.VP;
    }

    @Override
    public boolean discrete() {
        return true;
    }

    /** Whether this is the squared cosine, whose indices some solvers leave between two whole numbers. */
    boolean cosine() {
        return cosine;
    }

    /** T, the number of training steps. */
    public int steps() {
        return alphaBar.length;
    }

    /** ᾱ of a 0-based training index. */
    public double alphaBar(int index) {
        return alphaBar[index];
    }

    @Override
    public Level end() {
        return endsAtFirst ? level(0) : Level.CLEAN;
    }

    /** The level of a time in [0, T−1]; between two indices σ̂ is interpolated linearly, as Euler-like samplers expect. */
    @Override
    public Level level(double time) {
        int below = (int) Math.floor(time);
        if (below == time) {
            return new Level(time, Math.sqrt(alphaBar[below]), Math.sqrt(1 - alphaBar[below]));
        }
        double part = time - below;
        return withSigma(time, (1 - part) * sigma[below] + part * sigma[below + 1]);
    }

    @Override
    public boolean covers(double time) {
        return time >= 0 && time <= alphaBar.length - 1;
    }

    /** The time is where ln σ̂, linear between two indices, has this value. */
    @Override
    public Level atSigma(double wanted) {
        int above = Arrays.binarySearch(sigma, wanted);
        int high = Math.clamp(above < 0 ? -above - 1 : above, 1, sigma.length - 1);
        double part = Math.log(wanted / sigma[high - 1]) / Math.log(sigma[high] / sigma[high - 1]);
        return withSigma(high - 1 + Math.clamp(part, 0, 1), wanted);
    }

    private static Level withSigma(double time, double sigma) {
        double signal = 1 / Math.sqrt(1 + sigma * sigma);
        return new Level(time, signal, sigma * signal);
    }

    @Override
    public double lowestSigma() {
        return sigma[0];
    }

    @Override
    public double highestSigma() {
        return sigma[sigma.length - 1];
    }

    @Override
    public List<Level> spaced(Spacing spacing, int steps, Spacing.Grid grid) {
        double[] times = spacing.times(alphaBar.length, steps, grid);
        if (spacing == Spacing.LEADING && offset != 0) {
            if (times[0] + offset > alphaBar.length - 1) {
                throw new IllegalArgumentException(steps + " steps leave the schedule with leading spacing from index "
                        + offset + "; ask for fewer steps or another spacing");
            }
            return IntStream.range(0, steps)
                    .mapToObj(i -> level(times[i] + offset))
                    .toList();
        }
        return Arrays.stream(times).mapToObj(this::level).toList();
    }
}
