package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Estimate;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.OneStepSampler;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.OptionRefused;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Transition;
import dev.safelight.common.sampling.schedule.Layouts;
import java.util.List;
import java.util.Locale;

/** Ancestral sampling: draws from the posterior of the Markov chain (Ho et al. 2020, algorithm 2 and eq. 7). */
public record Ddpm(Variance variance) implements OneStepSampler {
    private static final Option.Word VARIANCE = new Option.Word(
            "variance",
            "Variance of a step of ddpm: small (the posterior's), large (the forward process's), or learned by the network",
            List.of("small", "large", "learned"),
            "small");

    private static final Need LEARNS_VARIANCE = Need.trait("learned-variance");

    static final List<Method> METHODS =
            List.of(Method.called("ddpm", "Ancestral sampling of the Markov chain; fresh noise in each step")
                    .when("Many steps; the reference that others are compared with")
                    .from("Ho et al. 2020; learned variance: Nichol and Dhariwal 2021")
                    .over(Layouts.TRAINING)
                    .taking(VARIANCE)
                    .needing(Need.gaussian())
                    .made(Ddpm::of));

    private static Ddpm of(Setting setting) {
        Variance variance = Variance.valueOf(setting.get(VARIANCE).toUpperCase(Locale.ROOT));
        if (variance == Variance.LEARNED && !LEARNS_VARIANCE.met().test(setting.offer())) {
            throw new OptionRefused(
                    VARIANCE.name(),
                    "variance learned needs " + LEARNS_VARIANCE.name() + ", which the model does not have");
        }
        return new Ddpm(variance);
    }

    /** What the variance of a step is taken to be. */
    public enum Variance {
        /** β̃, right for data that is one point. */
        SMALL,
        /** β, right for data that is unit normal. */
        LARGE,
        /** Between the two, for each number of the latent, as the network says (Nichol and Dhariwal 2021, eq. 15). */
        LEARNED
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        float[] x = state.x();
        Transition transition = Transition.between(plan.level(i), plan.level(i + 1));
        Estimate estimate = denoiser.estimate(x, transition.from());
        float[] clean = estimate.clean();
        if (transition.to().clean()) {
            return new State(i + 1, clean, clean);
        }
        float[] z = noise.unit(Noise.STEP, i, x.length);
        double c1 = transition.cleanWeight();
        double c2 = transition.latentWeight();
        float[] next = switch (variance) {
            case SMALL -> Latents.combined(c1, clean, c2, x, Math.sqrt(transition.posterior()), z);
            case LARGE -> Latents.combined(c1, clean, c2, x, Math.sqrt(transition.beta()), z);
            case LEARNED -> Latents.sum(Latents.combined(c1, clean, c2, x), learned(transition, estimate.rest(), z));
        };
        return new State(i + 1, next, clean);
    }

    /** √V·z with ln V = v ln β + (1 − v) ln β̃ and v = (out + 1)/2 in each place. */
    private static float[] learned(Transition transition, float[] output, float[] z) {
        if (output.length != z.length) {
            throw new IllegalStateException("the network returns no variance");
        }
        double large = Math.log(transition.beta());
        double small = Math.log(transition.posterior());
        float[] noise = new float[z.length];
        for (int i = 0; i < noise.length; i++) {
            double v = (output[i] + 1) / 2;
            noise[i] = (float) (Math.exp(0.5 * (v * large + (1 - v) * small)) * z[i]);
        }
        return noise;
    }
}
