package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Offers;
import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Estimate;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.guidance.Guidance;
import dev.safelight.common.sampling.guidance.Threshold;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Group;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Walk;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A denoiser made of network rows: one row for each condition that the guidance asks for, all in one evaluation.
 *
 * @param conditions of the guidance, in its order
 * @param renoise whether E follows D where the threshold has moved it
 * @param classifier weight of a classifier's gradient, from the network of the role {@code guide}; 0 for none
 * @param others networks of other roles
 * @param alongside what every row of the denoiser brings along, by the names of its inputs
 */
record NetworkDenoiser(
        Walk walk,
        Guidance guidance,
        List<Conditioning> conditions,
        Prediction prediction,
        Threshold threshold,
        boolean renoise,
        double classifier,
        Map<String, Group> others,
        Map<String, float[]> alongside)
        implements Denoiser {

    NetworkDenoiser(Walk walk, Guidance guidance, List<Conditioning> conditions, Prediction prediction) {
        this(walk, guidance, conditions, prediction, new Threshold.None(), false, 0, Map.of(), Map.of());
    }

    @Override
    public Estimate estimate(float[] x, Level level) {
        return estimate(x, level, alongside);
    }

    @Override
    public Estimate estimate(float[] x, Level level, float[] z) {
        Map<String, float[]> more = new HashMap<>(alongside);
        more.put("z", z);
        return estimate(x, level, more);
    }

    @Override
    public float[] output(String role, float[] x, Level level) {
        Row row = new Row(x, (float) level.time(), conditions.getFirst());
        return walk.evaluate(others.get(role), List.of(row)).getFirst();
    }

    private Estimate estimate(float[] x, Level level, Map<String, float[]> more) {
        float time = (float) level.time();
        List<Row> rows = Arrays.stream(guidance.conditions(level))
                .mapToObj(condition -> new Row(x, time, conditions.get(condition), more))
                .toList();
        List<float[]> outputs = walk.evaluate(rows);
        // What comes beyond the prediction, like a learned variance, is the first condition's word and not guided.
        float[] rest = rest(outputs.getFirst(), x.length);
        float[] guided = guidance.combine(
                level, outputs.stream().map(output -> first(output, x.length)).toList());
        return kept(toward(prediction.estimate(x, guided, level), x, level), x, level, rest);
    }

    /** E ← E − w s ∇ln p(y|x) (Dhariwal and Nichol 2021, algorithm 2), and D with it. */
    private Estimate toward(Estimate estimate, float[] x, Level level) {
        if (classifier == 0 || level.signal() == 0) {
            return estimate;
        }
        float[] gradient = output(Offers.GUIDE, x, level);
        double s = level.noise();
        return new Estimate(
                Latents.combined(1, estimate.clean(), classifier * s * s / level.signal(), gradient),
                Latents.combined(1, estimate.noise(), -classifier * s, gradient));
    }

    private Estimate kept(Estimate estimate, float[] x, Level level, float[] rest) {
        float[] clean = threshold.apply(estimate.clean());
        float[] noise = renoise && clean != estimate.clean()
                ? Latents.combined(1 / level.noise(), x, -level.signal() / level.noise(), clean)
                : estimate.noise();
        return new Estimate(clean, noise, rest);
    }

    private static float[] first(float[] output, int size) {
        return output.length == size ? output : Arrays.copyOf(output, size);
    }

    private static float[] rest(float[] output, int size) {
        return Arrays.copyOfRange(output, Math.min(size, output.length), output.length);
    }
}
