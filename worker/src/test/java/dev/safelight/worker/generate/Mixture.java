package dev.safelight.worker.generate;

import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.noise.NormalLaw;
import dev.safelight.worker.batch.Row;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleFunction;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Data on a line whose law is a mixture of normal laws: everything a sampler approximates is known in closed form. A
 * latent of n floats is n independent samples.
 */
record Mixture(double[] weight, double[] mean, double[] deviation) {

    /** The toy of the specification. */
    static final Mixture TWO_PEAKS =
            new Mixture(new double[] {0.3, 0.7}, new double[] {-1.5, 1}, new double[] {0.2, 0.35});

    /** Quantiles take longer than most walks. */
    private static final Map<Size, double[]> QUANTILES = new ConcurrentHashMap<>();

    private record Size(Mixture law, int samples) {
        double[] quantiles() {
            return IntStream.range(0, samples)
                    .mapToDouble(i -> law.quantile((i + 0.5) / samples, Level.CLEAN))
                    .toArray();
        }
    }

    static Mixture normal(double mean, double deviation) {
        return new Mixture(new double[] {1}, new double[] {mean}, new double[] {deviation});
    }

    /** E[x0 | x]: what a perfectly trained network knows. */
    double clean(double x, Level level) {
        double a = level.signal();
        double total = 0;
        double sum = 0;
        for (int k = 0; k < weight.length; k++) {
            double variance = variance(k, level);
            double offset = x - a * mean[k];
            double density = weight[k] * Math.exp(-offset * offset / (2 * variance)) / Math.sqrt(variance);
            total += density;
            sum += density * (mean[k] + a * deviation[k] * deviation[k] / variance * offset);
        }
        return sum / total;
    }

    /** A network that was trained on these data, perfectly, with the given prediction. */
    Function<Row, float[]> network(Prediction prediction, DoubleFunction<Level> levels) {
        return row -> {
            Level level = levels.apply(row.time());
            double a = level.signal();
            double s = level.noise();
            float[] output = new float[row.latent().length];
            for (int i = 0; i < output.length; i++) {
                double x = row.latent()[i];
                double clean = clean(x, level);
                double noise = (x - a * clean) / s;
                output[i] = (float)
                        switch (prediction) {
                            case EPSILON -> noise;
                            case X0 -> clean;
                            case V -> a * noise - s * clean;
                            case SCORE -> -noise / s;
                            case FLOW -> noise - clean;
                        };
            }
            return output;
        };
    }

    /** Var[x0 | x]. */
    double variance(double x, Level level) {
        double mean = clean(x, level);
        double[] share = shares(x, level);
        double sum = 0;
        for (int k = 0; k < weight.length; k++) {
            double middle = posteriorMean(k, x, level) - mean;
            sum += share[k] * (Math.pow(posteriorDeviation(k, level), 2) + middle * middle);
        }
        return sum;
    }

    /** The quantile of x0 given x. */
    double posterior(double x, Level level, double probability) {
        double[] share = shares(x, level);
        double low = -6;
        double high = 6;
        for (int i = 0; i < 40; i++) {
            double middle = (low + high) / 2;
            double below = 0;
            for (int k = 0; k < weight.length; k++) {
                below += share[k]
                        * NormalLaw.cumulative((middle - posteriorMean(k, x, level)) / posteriorDeviation(k, level));
            }
            if (below < probability) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (low + high) / 2;
    }

    /** How probable each law is, given x. */
    private double[] shares(double x, Level level) {
        double[] share = new double[weight.length];
        double total = 0;
        for (int k = 0; k < weight.length; k++) {
            double offset = x - level.signal() * mean[k];
            share[k] =
                    weight[k] * Math.exp(-offset * offset / (2 * variance(k, level))) / Math.sqrt(variance(k, level));
            total += share[k];
        }
        for (int k = 0; k < weight.length; k++) {
            share[k] /= total;
        }
        return share;
    }

    private double posteriorMean(int k, double x, Level level) {
        double a = level.signal();
        return mean[k] + a * deviation[k] * deviation[k] / variance(k, level) * (x - a * mean[k]);
    }

    private double posteriorDeviation(int k, Level level) {
        return deviation[k] * level.noise() / Math.sqrt(variance(k, level));
    }

    /** The mean of a function of x at a level, by the trapezoidal rule, which is exact to many digits for such laws. */
    double expectation(Level level, DoubleUnaryOperator value) {
        int points = 4000;
        double sum = 0;
        for (int k = 0; k < weight.length; k++) {
            double spread = Math.sqrt(variance(k, level));
            double width = 20.0 / points;
            for (int i = 0; i <= points; i++) {
                double u = -10 + i * width;
                sum += weight[k]
                        * width
                        * NormalLaw.density(u)
                        * value.applyAsDouble(level.signal() * mean[k] + spread * u);
            }
        }
        return sum;
    }

    private double variance(int k, Level level) {
        return Math.pow(level.signal() * deviation[k], 2) + Math.pow(level.noise(), 2);
    }

    /** The law's distribution function at a level. */
    private double cumulative(double x, Level level) {
        double sum = 0;
        for (int k = 0; k < weight.length; k++) {
            sum += weight[k] * NormalLaw.cumulative((x - level.signal() * mean[k]) / Math.sqrt(variance(k, level)));
        }
        return sum;
    }

    private double quantile(double probability, Level level) {
        double low = -12;
        double high = 12;
        for (int i = 0; i < 60; i++) {
            double middle = (low + high) / 2;
            if (cumulative(middle, level) < probability) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (low + high) / 2;
    }

    /** Where the probability-flow ODE leads: on a line it keeps the order of the points, so quantiles go to quantiles. */
    double flow(double x, Level from, Level to) {
        return quantile(cumulative(x, from), to);
    }

    /** A point at a level, from its quantile. */
    double at(double probability, Level level) {
        return quantile(probability, level);
    }

    /** Wasserstein-1 distance of samples to the data's law. */
    double distance(float[] samples) {
        float[] sorted = samples.clone();
        Arrays.sort(sorted);
        double[] right = QUANTILES.computeIfAbsent(new Size(this, sorted.length), Size::quantiles);
        return IntStream.range(0, sorted.length)
                .mapToDouble(i -> Math.abs(sorted[i] - right[i]))
                .average()
                .orElseThrow();
    }

    /** The distance of as many perfect samples: nothing can be asked to come closer. */
    double floor(int samples) {
        float[] draws = new GaussianNoise(99).unit(0, 0, samples);
        float[] perfect = new float[samples];
        for (int i = 0; i < samples; i++) {
            perfect[i] = (float) quantile(NormalLaw.cumulative(draws[i]), Level.CLEAN);
        }
        return distance(perfect);
    }
}
