package dev.safelight.worker.sample;

import java.util.Optional;

/**
 * DPM-Solver++(2M), the two-step multistep solver of the data-prediction ODE (Lu et al. 2022, algorithm 2). The first
 * step has no history and is first order; the step to clean data, where λ is infinite, is D itself.
 */
public record DpmPlusPlus() implements Sampler<DpmPlusPlus.State> {

    /** @param clean D of the step before, null before the first; {@code width} is that step's h = λ' − λ */
    public record State(int step, float[] x, float[] clean, double width) {}

    @Override
    public State begin(Start start, Plan plan) {
        return new State(0, start.latent(plan.level(0), 1), null, 0);
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        Level from = plan.level(i);
        Level to = plan.level(i + 1);
        float[] x = state.x();
        float[] clean = denoiser.estimate(x, from).clean();
        if (to.noise() == 0) {
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

    @Override
    public boolean done(State state, Plan plan) {
        return state.step() == plan.steps();
    }

    @Override
    public float[] latent(State state) {
        return state.x();
    }

    @Override
    public Optional<float[]> denoised(State state) {
        return Optional.ofNullable(state.clean());
    }
}
