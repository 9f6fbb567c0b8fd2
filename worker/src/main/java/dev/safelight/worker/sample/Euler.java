package dev.safelight.worker.sample;

import dev.safelight.common.sampling.Spacing;
import java.util.Optional;

/**
 * Euler's method on the probability-flow ODE dx̃/dσ = (x̃ − D)/σ, where x̃ = x/a (Karras et al. 2022, algorithm 1 without
 * its second-order correction). The slope is taken from D, not from the estimated noise: at high σ the difference x̃ − σE
 * would cancel away the digits that D still has.
 */
public record Euler() implements Sampler<Euler.State> {

    /** @param scaled x̃; {@code signal} is the a that leads back to x */
    public record State(int step, float[] scaled, double signal, float[] clean) {}

    @Override
    public State begin(Start start, Plan plan) {
        Level first = plan.level(0);
        // Times that reach the end of the schedule start from σ·z; leading ones keep the unit variance of the process.
        double priorScale = plan.spacing() == Spacing.LEADING ? 1 : first.noise();
        return new State(0, Latents.scaled(1 / first.signal(), start.latent(first, priorScale)), first.signal(), null);
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        Level from = plan.level(i);
        Level to = plan.level(i + 1);
        float[] scaled = state.scaled();
        float[] clean = denoiser.estimate(latent(state), from).clean();
        // x̃ + (σ' − σ)(x̃ − D)/σ
        double kept = to.sigma() / from.sigma();
        return new State(i + 1, Latents.combined(kept, scaled, 1 - kept, clean), to.signal(), clean);
    }

    @Override
    public boolean done(State state, Plan plan) {
        return state.step() == plan.steps();
    }

    @Override
    public float[] latent(State state) {
        return Latents.scaled(state.signal(), state.scaled());
    }

    @Override
    public Optional<float[]> denoised(State state) {
        return Optional.ofNullable(state.clean());
    }
}
