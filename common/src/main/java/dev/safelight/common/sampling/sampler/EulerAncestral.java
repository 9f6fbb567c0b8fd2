package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.OneStepSampler;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.schedule.Layouts;
import java.util.List;

/**
 * Euler's method that goes further down than the step and comes back with fresh noise (Crowson's k-diffusion,
 * sample_euler_ancestral): σ_up² = σ'²(σ² − σ'²)/σ² is the variance of the DDPM posterior.
 */
public record EulerAncestral() implements OneStepSampler {
    static final List<Method> METHODS =
            List.of(Method.called("euler-a", "Euler's method with fresh noise in each step (ancestral)")
                    .when("Varied pictures in 20 to 40 steps; does not converge to one picture as steps grow")
                    .from("Crowson, k-diffusion; Song et al. 2020, eta 1")
                    .over(Layouts.FRACTIONAL)
                    .needing(Need.gaussian())
                    .made(_ -> new EulerAncestral()));

    @Override
    public double priorScale(Plan plan) {
        return Euler.firstScale(plan);
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        float[] x = state.x();
        Level from = plan.level(i);
        Level to = plan.level(i + 1);
        float[] clean = denoiser.estimate(x, from).clean();
        if (to.clean()) {
            return new State(i + 1, clean, clean);
        }
        double ratio = to.sigma() / from.sigma();
        double up = to.sigma() * Math.sqrt(Math.max(0, 1 - ratio * ratio));
        double down = to.sigma() * ratio;
        // x̃ + (σ_down − σ)(x̃ − D)/σ + σ_up z, in the scale of the process.
        double kept = down / from.sigma();
        float[] z = noise.unit(Noise.STEP, i, x.length);
        float[] next = Latents.combined(
                to.signal() * kept / from.signal(), x, to.signal() * (1 - kept), clean, to.signal() * up, z);
        return new State(i + 1, next, clean);
    }
}
