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
 * Heun's method on the probability-flow ODE dx̃/dσ = (x̃ − D)/σ: an Euler step, then the mean of the slopes at both ends
 * (Karras et al. 2022, algorithm 1). The step to clean data is Euler's.
 */
public record Heun() implements OneStepSampler {
    static final List<Method> METHODS =
            List.of(Method.called("heun", "Heun's method on the probability-flow ODE, second order")
                    .when("Robust; at the same number of evaluations dpmpp-2m is usually ahead")
                    .from("Karras et al. 2022, algorithm 1")
                    .costing("2N − 1")
                    .over(Layouts.FRACTIONAL)
                    .needing(Need.gaussian())
                    .made(_ -> new Heun()));

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
        float[] trial = Euler.toward(clean, x, from, to);
        if (to.clean()) {
            return new State(i + 1, trial, clean);
        }
        float[] corrected = denoiser.estimate(trial, to).clean();
        // x̃ + h/2 · [(x̃ − D)/σ + (x̃' − D')/σ'] with h = σ' − σ and x̃' the trial, sorted by x̃, D and D'.
        double h = to.sigma() - from.sigma();
        double a = to.signal();
        double first = -h / (2 * from.sigma()) * (1 + h / to.sigma());
        double second = -h / (2 * to.sigma());
        float[] next = Latents.combined(to.noise() / from.noise(), x, a * first, clean, a * second, corrected);
        return new State(i + 1, next, corrected);
    }
}
