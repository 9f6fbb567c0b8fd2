package dev.safelight.worker.generate;

import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Walk;
import dev.safelight.worker.sample.Denoiser;
import dev.safelight.worker.sample.Estimate;
import dev.safelight.worker.sample.Guidance;
import dev.safelight.worker.sample.Level;
import dev.safelight.worker.sample.Prediction;
import java.util.List;

/**
 * A denoiser made of network rows: one row for each branch of the guidance, all in one evaluation.
 *
 * @param conditions what each branch is conditioned on, in the order of {@link Guidance#branches}
 */
record NetworkDenoiser(Walk walk, Guidance guidance, List<Conditioning> conditions, Prediction prediction)
        implements Denoiser {

    @Override
    public Estimate estimate(float[] x, Level level) {
        float time = (float) level.time();
        List<Row> rows = conditions.stream()
                .map(condition -> new Row(x, time, condition))
                .toList();
        return prediction.estimate(x, guidance.combine(walk.evaluate(rows)), level);
    }
}
