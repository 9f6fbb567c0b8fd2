package dev.safelight.worker.generate;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Estimate;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.guidance.Guidance;
import dev.safelight.common.sampling.guidance.Threshold;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Walk;
import java.util.Arrays;
import java.util.List;

/**
 * A denoiser made of network rows: one row for each condition that the guidance asks for, all in one evaluation.
 *
 * @param conditions of the guidance, in its order
 * @param renoise whether E follows D where the threshold has moved it
 */
record NetworkDenoiser(
        Walk walk,
        Guidance guidance,
        List<Conditioning> conditions,
        Prediction prediction,
        Threshold threshold,
        boolean renoise)
        implements Denoiser {

    NetworkDenoiser(Walk walk, Guidance guidance, List<Conditioning> conditions, Prediction prediction) {
        this(walk, guidance, conditions, prediction, new Threshold.None(), false);
    }

    @Override
    public Estimate estimate(float[] x, Level level) {
        float time = (float) level.time();
        List<Row> rows = Arrays.stream(guidance.conditions(level))
                .mapToObj(condition -> new Row(x, time, conditions.get(condition)))
                .toList();
        List<float[]> outputs = walk.evaluate(rows);
        // What comes beyond the prediction, like a learned variance, is the first condition's word and not guided.
        float[] rest = rest(outputs.getFirst(), x.length);
        float[] guided = guidance.combine(
                level, outputs.stream().map(output -> first(output, x.length)).toList());
        return kept(prediction.estimate(x, guided, level), x, level, rest);
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
