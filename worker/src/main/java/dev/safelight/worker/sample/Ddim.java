package dev.safelight.worker.sample;

import java.util.Optional;

/**
 * Denoising diffusion implicit models (Song et al. 2020, eq. 12).
 *
 * @param eta 0 follows the deterministic path, 1 adds as much noise as the DDPM posterior
 */
public record Ddim(double eta) implements Sampler<Ddim.State> {

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
        Estimate estimate = denoiser.estimate(x, transition.from());
        double a = transition.to().signal();
        double kappa = kappa(transition);
        float[] next;
        if (kappa == 0) {
            next = Latents.combined(a, estimate.clean(), direction(transition), estimate.noise());
        } else {
            float[] z = noise.unit(Noise.STEP, i, x.length);
            next = Latents.combined(a, estimate.clean(), direction(transition), estimate.noise(), kappa, z);
        }
        return new State(i + 1, next, estimate.clean());
    }

    /** κ = η √β̃, the fresh noise of a step; none on the step to clean data, where β̃ is 0. */
    double kappa(Transition transition) {
        return eta * Math.sqrt(transition.posterior());
    }

    /** √(1 − ᾱ_s − κ²), how far to go back along the estimated noise. */
    double direction(Transition transition) {
        double s = transition.to().noise();
        double kappa = kappa(transition);
        return Math.sqrt(Math.max(0, s * s - kappa * kappa));
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
