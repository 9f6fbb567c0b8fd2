package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Estimate;
import dev.safelight.common.sampling.History;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.StepSampler;
import dev.safelight.common.sampling.schedule.Layouts;
import java.util.List;

/**
 * Pseudo linear multistep: DDIM steps whose noise estimate is extrapolated from the last four (Liu et al. 2022, PNDM, eq.
 * 12), begun without Runge–Kutta steps: the first is a trial DDIM step redone with the mean of the estimates at both ends.
 */
public record Plms() implements StepSampler<Plms.State> {
    /** Adams–Bashforth weights of the latest estimate and those before it. */
    private static final double[][] WEIGHTS = {
        {1}, {3.0 / 2, -1.0 / 2}, {23.0 / 12, -16.0 / 12, 5.0 / 12}, {55.0 / 24, -59.0 / 24, 37.0 / 24, -9.0 / 24}
    };

    static final List<Method> METHODS =
            List.of(Method.called("plms", "Pseudo linear multistep: DDIM steps along an extrapolated estimate (PNDM)")
                    .when("Models tuned to it, with leading spacing; at least two steps")
                    .from("Liu et al. 2022, Pseudo numerical methods for diffusion models")
                    .costing("N + 1")
                    .over(Layouts.atLeast(2, Layouts.TRAINING_WITH_SIGNAL))
                    .needing(Need.gaussian())
                    .made(_ -> new Plms()));

    /** @param noises E of the steps before, the latest first */
    public record State(int step, float[] x, float[] clean, List<float[]> noises) implements StepSampler.State {}

    @Override
    public State begin(Start start, Plan plan) {
        return new State(0, start.latent(plan.level(0), plan.level(0).prior()), null, List.of());
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        float[] x = state.x();
        Level from = plan.level(i);
        Level to = plan.level(i + 1);
        Estimate estimate = denoiser.estimate(x, from);
        List<float[]> noises = History.with(estimate.noise(), state.noises(), WEIGHTS.length);
        float[] direction;
        if (i == 0 && !to.clean()) {
            float[] trial = along(estimate.noise(), x, from, to);
            float[] atEnd = denoiser.estimate(trial, to).noise();
            direction = Latents.combined(0.5, estimate.noise(), 0.5, atEnd);
        } else {
            direction = Latents.combined(WEIGHTS[noises.size() - 1], noises);
        }
        return new State(i + 1, along(direction, x, from, to), estimate.clean(), noises);
    }

    /** DDIM's step for a noise E: a'(x − sE)/a + s'E. */
    private static float[] along(float[] direction, float[] x, Level from, Level to) {
        double ratio = to.signal() / from.signal();
        return Latents.combined(ratio, x, to.noise() - ratio * from.noise(), direction);
    }
}
