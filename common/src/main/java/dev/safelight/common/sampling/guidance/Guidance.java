package dev.safelight.common.sampling.guidance;

import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How what a network says under several conditions becomes one answer: a weighted sum whose weights add up to 1. Plain
 * classifier-free guidance is w·conditional + (1 − w)·unconditional (Ho and Salimans 2022, with w as the weight of the
 * conditional branch): 1 is plain conditional, 0 unconditional, more exaggerates the condition. A condition whose weight
 * is 0 is never evaluated, and a single one is taken bit for bit.
 *
 * @param weights of the conditions, in their order; the conditions themselves are the worker's
 * @param unguided the weights at levels outside {@code interval}
 * @param rescale φ of {@link #rescaled}
 */
public record Guidance(List<Double> weights, List<Double> unguided, Interval interval, double rescale) {

    /**
     * The levels at which guidance acts (Kynkäänniemi et al. 2024).
     *
     * @param lowest σ̂, from which on
     * @param highest σ̂, up to which
     */
    public record Interval(double lowest, double highest) {
        public static final Interval ALWAYS = new Interval(0, Double.POSITIVE_INFINITY);

        /** Whether no level at all lies in it. */
        public boolean isEmpty() {
            return lowest > highest;
        }

        boolean contains(Level level) {
            return level.sigma() >= lowest && level.sigma() <= highest;
        }
    }

    public Guidance {
        weights = List.copyOf(weights);
        unguided = List.copyOf(unguided);
    }

    /** One condition, taken as it is. */
    public static Guidance none() {
        return new Guidance(List.of(1.0), List.of(1.0), Interval.ALWAYS, 0);
    }

    /** Two conditions: the one asked for, with weight w, and the one to get away from. */
    public static Guidance classifierFree(double weight) {
        return of(new double[] {1}, weight, Interval.ALWAYS, 0);
    }

    /**
     * Several conditions with weights w_k and one to get away from: E₀ + g Σ w_k (E_k − E₀) (Liu et al. 2022, eq. 11).
     * Outside the interval the conditions are averaged by their weights.
     *
     * @param guidance g; 1 for the weights as they are
     */
    public static Guidance of(double[] weights, double guidance, Interval interval, double rescale) {
        double total = Arrays.stream(weights).sum();
        List<Double> guided = new ArrayList<>();
        List<Double> plain = new ArrayList<>();
        for (double weight : weights) {
            guided.add(guidance * weight);
            plain.add(total == 0 ? 0 : weight / total);
        }
        guided.add(1 - guidance * total);
        plain.add(total == 0 ? 1.0 : 0.0);
        return new Guidance(guided, plain, interval, rescale);
    }

    /** Whether the last condition, the one to get away from, is ever asked for. */
    public boolean needsLast() {
        return weights.getLast() != 0 || unguided.getLast() != 0;
    }

    /** The conditions to evaluate at a level, in the order in which {@link #combine} expects their outputs. */
    public int[] conditions(Level level) {
        List<Double> now = at(level);
        return IntStream.range(0, now.size()).filter(i -> now.get(i) != 0).toArray();
    }

    private List<Double> at(Level level) {
        return interval.contains(level) ? weights : unguided;
    }

    public float[] combine(Level level, List<float[]> outputs) {
        if (outputs.size() == 1) {
            return outputs.getFirst();
        }
        List<Double> now = at(level);
        double[] weight = Arrays.stream(conditions(level)).mapToDouble(now::get).toArray();
        float[] guided = weight.length == 2
                ? Latents.combined(weight[0], outputs.get(0), weight[1], outputs.get(1))
                : Latents.combined(weight, outputs);
        return rescale == 0 ? guided : rescaled(guided, outputs.getFirst(), rescale);
    }

    /**
     * G ← φ·G·std(out_c)/std(G) + (1 − φ)·G over all numbers of one sample, so that strong guidance does not raise the
     * contrast (Lin et al. 2023, eq. 15 and 16).
     */
    static float[] rescaled(float[] guided, float[] conditional, double phi) {
        double deviation = deviation(guided);
        return deviation == 0 ? guided : Latents.scaled(phi * deviation(conditional) / deviation + 1 - phi, guided);
    }

    /** Unbiased. */
    private static double deviation(float[] values) {
        double mean = 0;
        for (float value : values) {
            mean += value;
        }
        mean /= values.length;
        double squares = 0;
        for (float value : values) {
            squares += (value - mean) * (value - mean);
        }
        return Math.sqrt(squares / Math.max(1, values.length - 1));
    }
}
