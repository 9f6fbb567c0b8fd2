package dev.safelight.worker.generate;

import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Networks;
import dev.safelight.worker.batch.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/** How fast the error of single points falls, on a plan that is even in λ and whose time is λ itself. */
record Convergence(Batcher batcher) {
    private static final Mixture DATA = Mixture.TWO_PEAKS;
    private static final int POINTS = 400;

    static Level atLambda(double lambda) {
        double signal = 1 / Math.sqrt(1 + Math.exp(-2 * lambda));
        return new Level(lambda, signal, signal * Math.exp(-lambda));
    }

    private static Plan evenInLambda(int steps) {
        return new Plan(
                IntStream.rangeClosed(0, steps)
                        .mapToObj(i -> atLambda(-2.5 + 5.0 * i / steps))
                        .toList(),
                Spacing.LEADING);
    }

    /** Mean distance of the points from where the ODE leads them. */
    double error(Sampler<?> sampler, int steps) {
        Plan plan = evenInLambda(steps);
        Level first = plan.level(0);
        Level last = plan.level(steps);
        float[] start = new float[POINTS];
        for (int i = 0; i < POINTS; i++) {
            start[i] = (float) DATA.at((i + 0.5) / POINTS, first);
        }
        Rig rig = new Rig(
                batcher, new Networks.RowWise(8, DATA.network(Prediction.V, Convergence::atLambda)), Prediction.V);
        float[] end = rig.sample(sampler, plan, Start.at(start), new GaussianNoise(0));
        return IntStream.range(0, POINTS)
                .mapToDouble(i -> Math.abs(end[i] - DATA.flow(start[i], first, last)))
                .average()
                .orElseThrow();
    }

    /**
     * By how much a stochastic sampler's variance is wrong at the end, for normal data. There a step is linear in x and in its
     * noise, so a walk of N + 1 numbers tells all: number i is pushed by 1 in step i alone, the last at the start alone, and
     * the variance is the sum of the squares of what became of them.
     */
    double varianceError(Sampler<?> sampler, int steps) {
        Plan plan = evenInLambda(steps);
        Level first = plan.level(0);
        Level last = plan.level(steps);
        double spread = 0.5;
        float[] start = new float[steps + 1];
        start[steps] = (float) Math.sqrt(Math.pow(first.signal() * spread, 2) + Math.pow(first.noise(), 2));
        Noise push = (stream, step, size) -> {
            float[] pushed = new float[size];
            if (stream == Noise.STEP) {
                pushed[step] = 1;
            }
            return pushed;
        };
        Function<Row, float[]> network = Mixture.normal(0, spread).network(Prediction.V, Convergence::atLambda);
        float[] end = new Rig(batcher, new Networks.RowWise(8, network), Prediction.V)
                .sample(sampler, plan, Start.at(start), push);
        double variance = IntStream.range(0, end.length)
                .mapToDouble(i -> (double) end[i] * end[i])
                .sum();
        return Math.abs(variance - Math.pow(last.signal() * spread, 2) - Math.pow(last.noise(), 2));
    }

    /** Orders of convergence from doubling these numbers of steps. */
    List<Double> slopes(Sampler<?> sampler, int... steps) {
        return slopes(n -> error(sampler, n), steps);
    }

    static List<Double> slopes(IntToDoubleFunction error, int... steps) {
        List<Double> slopes = new ArrayList<>();
        for (int n : steps) {
            slopes.add(Math.log(error.applyAsDouble(n) / error.applyAsDouble(2 * n)) / Math.log(2));
        }
        return slopes;
    }
}
