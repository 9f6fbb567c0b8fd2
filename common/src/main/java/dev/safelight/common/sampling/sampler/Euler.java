package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.OneStepSampler;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.schedule.Layouts;
import java.util.List;

/**
 * Euler's method on the probability-flow ODE dx̃/dσ = (x̃ − D)/σ, where x̃ = x/a (Karras et al. 2022, algorithm 1 without
 * its second-order correction). The slope is taken from D, not from the estimated noise: at high σ the difference x̃ − σE
 * would cancel away the digits that D still has.
 */
public record Euler() implements OneStepSampler {
    static final List<Method> METHODS =
            List.of(Method.called("euler", "Euler's method on the probability-flow ODE, first order")
                    .when("Simple and predictable; needs more steps than dpmpp-2m for the same error")
                    .from("Karras et al. 2022, algorithm 1 without the correction")
                    .over(Layouts.FRACTIONAL)
                    .needing(Need.gaussian())
                    .made(_ -> new Euler()));

    @Override
    public double priorScale(Plan plan) {
        return firstScale(plan);
    }

    /** Times that reach the end of the schedule start from σ̂·z; leading ones keep the unit variance of the process. */
    static double firstScale(Plan plan) {
        Level first = plan.level(0);
        return plan.spacing() == Spacing.LEADING ? first.prior() : first.noise();
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        Level from = plan.level(i);
        float[] clean = denoiser.estimate(state.x(), from).clean();
        return new State(i + 1, toward(clean, state.x(), from, plan.level(i + 1)), clean);
    }

    /** x̃ + (σ' − σ)(x̃ − D)/σ, in the scale of the process: (s'/s) x + a'(1 − σ'/σ) D. */
    static float[] toward(float[] clean, float[] x, Level from, Level to) {
        return Latents.combined(to.noise() / from.noise(), x, to.signal() * (1 - to.sigma() / from.sigma()), clean);
    }
}
