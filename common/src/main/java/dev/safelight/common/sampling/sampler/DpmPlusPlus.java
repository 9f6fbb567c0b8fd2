package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
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
 * DPM-Solver++(2M), the two-step multistep solver of the data-prediction ODE (Lu et al. 2022, algorithm 2). The first
 * step has no history and is first order; the step to clean data, where λ is infinite, is D itself.
 */
public record DpmPlusPlus() implements StepSampler<DpmPlusPlus.State> {
    static final List<Method> METHODS =
            List.of(Method.called("dpmpp-2m", "DPM-Solver++(2M), second order from one evaluation a step")
                    .when("The choice for few steps")
                    .from("Lu et al. 2022, DPM-Solver++, algorithm 2")
                    .over(Layouts.multistep(false))
                    .needing(Need.gaussian())
                    .made(_ -> new DpmPlusPlus()));

    /** @param clean D of the step before, null before the first; {@code width} is that step's h = λ' − λ */
    public record State(int step, float[] x, float[] clean, double width) implements StepSampler.State {}

    @Override
    public State begin(Start start, Plan plan) {
        return new State(0, start.latent(plan.level(0), plan.level(0).prior()), null, 0);
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        Level from = plan.level(i);
        Level to = plan.level(i + 1);
        float[] x = state.x();
        float[] clean = denoiser.estimate(x, from).clean();
        if (to.clean()) {
            return new State(i + 1, clean, clean, 0);
        }
        double width = to.lambda() - from.lambda();
        double kept = to.noise() / from.noise();
        double fresh = -to.signal() * Math.expm1(-width);
        if (state.clean() == null) {
            return new State(i + 1, Latents.combined(kept, x, fresh, clean), clean, width);
        }
        double half = width / (2 * state.width());
        float[] next = Latents.combined(kept, x, fresh * (1 + half), clean, -fresh * half, state.clean());
        return new State(i + 1, next, clean, width);
    }
}
