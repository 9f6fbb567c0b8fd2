package dev.safelight.worker.sample;

import java.util.Optional;

/** Ancestral sampling: draws from the posterior of the Markov chain (Ho et al. 2020, algorithm 2 and eq. 7). */
public record Ddpm(Variance variance) implements Sampler<Ddpm.State> {

    /** What the variance of a step is taken to be. */
    public enum Variance {
        /** β̃, right for data that is one point. */
        SMALL,
        /** β, right for data that is unit normal. */
        LARGE;

        double of(Transition transition) {
            return this == SMALL ? transition.posterior() : transition.beta();
        }
    }

    public record State(int step, float[] x, float[] clean) {}

    @Override
    public State begin(Start start, Plan plan) {
        return new State(0, start.latent(plan.level(0), 1), null);
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        float[] x = state.x();
        Transition transition = Transition.between(plan.level(i), plan.level(i + 1));
        float[] clean = denoiser.estimate(x, transition.from()).clean();
        if (transition.to().noise() == 0) {
            return new State(i + 1, clean, clean);
        }
        float[] z = noise.unit(Noise.STEP, i, x.length);
        float[] next = Latents.combined(
                cleanWeight(transition), clean, latentWeight(transition), x, Math.sqrt(variance.of(transition)), z);
        return new State(i + 1, next, clean);
    }

    /** c₁ = √ᾱ_s β / (1 − ᾱ_r). */
    static double cleanWeight(Transition transition) {
        double r = transition.from().noise();
        return transition.to().signal() * transition.beta() / (r * r);
    }

    /** c₂ = √α (1 − ᾱ_s) / (1 − ᾱ_r). */
    static double latentWeight(Transition transition) {
        double relative = transition.to().noise() / transition.from().noise();
        return Math.sqrt(transition.alpha()) * relative * relative;
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
