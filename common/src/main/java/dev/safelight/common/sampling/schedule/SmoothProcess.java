package dev.safelight.common.sampling.schedule;

import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Spacing;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A process in continuous time: a(t) and s(t) with their derivatives, from t = 1 (noise) down to {@link #lowestTime}.
 * The stochastic differential equation dx = f x dt + g dw that has these levels follows from them.
 */
public interface SmoothProcess extends Process {

    /** ε, the time of the cleanest level that was trained. */
    double lowestTime();

    /** a(t). */
    double signal(double t);

    /** s(t). */
    double noise(double t);

    /** da/dt. */
    double signalRate(double t);

    /** ds/dt. */
    double noiseRate(double t);

    /** t of a value of σ̂ = s/a. */
    double timeOfSigma(double sigma);

    NetworkTime networkTime();

    /** f(t) = a'/a, the coefficient of the linear drift. */
    default double drift(double t) {
        return signalRate(t) / signal(t);
    }

    /** g(t)² = 2s(s' − f s), the rate at which noise is added. */
    default double diffusion(double t) {
        double s = noise(t);
        return 2 * s * (noiseRate(t) - drift(t) * s);
    }

    /** t of one of this process's levels. */
    default double timeOf(Level level) {
        return timeOfSigma(level.sigma());
    }

    @Override
    default boolean discrete() {
        return false;
    }

    @Override
    default Level level(double t) {
        double a = signal(t);
        double s = noise(t);
        return new Level(networkTime().told(t, s / a), a, s);
    }

    @Override
    default boolean covers(double t) {
        return t >= lowestTime() && t <= 1;
    }

    @Override
    default Level atSigma(double sigma) {
        return level(timeOfSigma(sigma));
    }

    @Override
    default double lowestSigma() {
        return level(lowestTime()).sigma();
    }

    @Override
    default double highestSigma() {
        return level(1).sigma();
    }

    /** N nodes from t = 1 to ε in equal steps; there is but one spacing of continuous time. */
    @Override
    default List<Level> spaced(Spacing spacing, int steps, Spacing.Grid grid) {
        return IntStream.range(0, steps).mapToObj(i -> level(node(i, steps))).toList();
    }

    /** t of node i of N: linspace(1, ε, N). */
    default double node(int i, int nodes) {
        if (i == 0 || i == nodes - 1) {
            return i == 0 ? 1 : lowestTime();
        }
        return 1 + i * (lowestTime() - 1) / (nodes - 1);
    }
}
