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

/**
 * Denoising diffusion implicit models (Song et al. 2020, eq. 12).
 *
 * @param eta 0 follows the deterministic path, 1 adds as much noise as the DDPM posterior
 */
public record Ddim(double eta) implements OneStepSampler {
    private static final Option.Real ETA = new Option.Real(
            "eta", "Stochasticity of ddim: 0 deterministic, 1 as noisy as the DDPM posterior", 0, 1, 0.0);

    /** Finds the noise that leads to an image, and starts from it in place of noise that knows nothing of the image. */
    public static final Option.Flag INVERSION = new Option.Flag(
            "inversion",
            "Walks from the image to the noise that leads to it, and back under the condition asked for; eta must be 0",
            false);

    static final List<Method> METHODS =
            List.of(Method.called("ddim", "Deterministic at eta 0, as noisy as ddpm at eta 1; first order")
                    .when("When the way back from image to noise matters, or as the simplest fast sampler")
                    .from("Song et al. 2020, Denoising diffusion implicit models")
                    .over(Layouts.TRAINING)
                    .taking(ETA, INVERSION)
                    .needing(Need.gaussian())
                    .made(Ddim::of));

    private static Ddim of(Setting setting) {
        if (setting.get(INVERSION) && setting.get(ETA) != 0) {
            throw new OptionRefused("eta", "inversion follows the deterministic path: eta must be 0");
        }
        return new Ddim(setting.get(ETA));
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
        // A step towards more noise has no posterior variance; without eta it needs none.
        return eta == 0 ? 0 : eta * Math.sqrt(transition.posterior());
    }

    /** √(s_s² − κ²), how far to go back along the estimated noise. */
    double direction(Transition transition) {
        double s = transition.to().noise();
        double kappa = kappa(transition);
        return Math.sqrt(Math.max(0, s * s - kappa * kappa));
    }
}
