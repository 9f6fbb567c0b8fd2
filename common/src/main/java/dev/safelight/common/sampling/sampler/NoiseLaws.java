package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.OneStepSampler;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.noise.GammaNoise;
import dev.safelight.common.sampling.noise.MixtureNoise;
import dev.safelight.common.sampling.schedule.Layouts;
import java.util.List;

/**
 * DDIM steps with noise of another law than the normal one, which the network was trained on (Nachmani et al. 2021,
 * Non-Gaussian denoising diffusion models): start and fresh noise are drawn from the law, brought to zero mean and unit
 * variance. A step from r to s draws at level r.
 */
public record NoiseLaws(Ddim steps, Law law) implements OneStepSampler {
    /** The one number θ₀. */
    static final String GAMMA_TABLE = "gamma-noise";
    /** Weight, mean and deviation of each normal law, in turn. */
    static final String MIXTURE_TABLE = "mixture-noise";

    private static final Option.Real FRESH = new Option.Real(
            "fresh_noise", "Noise added in each step: 1 as ddpm, 0 none but that of the start", 0, 1, 1.0);

    static final List<Method> METHODS = List.of(
            Method.called("gamma", "Denoising of Gamma noise")
                    .when("Models trained on Gamma noise")
                    .from("Nachmani et al. 2021, Non-Gaussian denoising diffusion models, §3")
                    .over(Layouts.TRAINING)
                    .taking(FRESH)
                    .needing(Need.process(Process.Kind.VP), Need.table(GAMMA_TABLE))
                    .made(setting -> new NoiseLaws(
                            new Ddim(setting.get(FRESH)),
                            new Gamma(setting.offer().table(GAMMA_TABLE)[0]))),
            Method.called("mixture", "Denoising of noise that is a mixture of normal laws")
                    .when("Models trained on such noise")
                    .from("Nachmani et al. 2021, Non-Gaussian denoising diffusion models, §4")
                    .over(Layouts.TRAINING)
                    .taking(FRESH)
                    .needing(Need.process(Process.Kind.VP), Need.table(MIXTURE_TABLE))
                    .made(setting -> new NoiseLaws(
                            new Ddim(setting.get(FRESH)),
                            new Mixture(setting.offer().table(MIXTURE_TABLE)))));

    /** Noise of unit variance at a level. */
    public sealed interface Law {
        Noise at(Level level, Noise source);
    }

    /**
     * Sums of Gamma draws are Gamma: x_t = a x0 + (Γ(k̄, θ) − k̄θ) with θ = √ᾱ θ₀ and k̄ = Σ β_i/(ᾱ_i θ₀²), which
     * telescopes to (σ̂/θ₀)².
     *
     * @param theta0 θ₀, the smaller the closer to a normal law
     */
    public record Gamma(double theta0) implements Law {
        @Override
        public Noise at(Level level, Noise source) {
            double ratio = level.sigma() / theta0;
            return new GammaNoise(source, ratio * ratio);
        }
    }

    /** @param parts weight, mean and deviation of each normal law, in turn */
    public record Mixture(double[] parts) implements Law {
        @Override
        public Noise at(Level level, Noise source) {
            return MixtureNoise.of(source, parts);
        }
    }

    @Override
    public Start opening(Noise noise, int size) {
        return (first, priorScale) -> Start.noise(law.at(first, noise), size).latent(first, priorScale);
    }

    @Override
    public float[] noised(float[] clean, Level level, Noise noise) {
        return steps.noised(clean, level, level.clean() ? noise : law.at(level, noise));
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        return steps.step(state, plan, law.at(plan.level(state.step()), noise), denoiser);
    }
}
