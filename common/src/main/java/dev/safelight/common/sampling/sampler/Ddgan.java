package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Layout;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.OneStepSampler;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Transition;
import dev.safelight.common.sampling.schedule.Layouts;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import java.util.List;

/**
 * Denoising diffusion GANs: a generator draws x0 given x_r, with randomness of its own in every step, and the posterior of
 * the chain leads to x_s (Xiao et al. 2022, algorithm 1 and eq. 4).
 *
 * @param latentSize numbers of the generator's own randomness
 */
public record Ddgan(int latentSize) implements OneStepSampler {

    private static final Layout ALL = Ddgan::all;

    static final List<Method> METHODS =
            List.of(Method.called("ddgan", "A generator that draws the clean image in each of a few large steps")
                    .when("Denoising diffusion GANs, with exactly the steps they were trained for")
                    .from("Xiao et al. 2022, Tackling the generative learning trilemma")
                    .over(ALL)
                    .needing(
                            new Need("a discrete vp process", offer -> offer.process() instanceof NoiseSchedule),
                            new Need("a network that takes a latent z", offer -> offer.latentSize() > 0))
                    .made(setting -> new Ddgan(setting.offer().latentSize())));

    private static Plan all(Setting setting) {
        int trained = ((NoiseSchedule) setting.process()).steps();
        if (setting.steps() != trained) {
            throw new IllegalArgumentException("this model takes exactly " + trained + " steps with ddgan");
        }
        return Layouts.TRAINING.plan(setting.with(Spacing.TRAILING));
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        float[] x = state.x();
        Transition transition = Transition.between(plan.level(i), plan.level(i + 1));
        float[] own = noise.unit(Noise.GENERATOR, i, latentSize);
        float[] clean = denoiser.estimate(x, transition.from(), own).clean();
        if (transition.to().clean()) {
            return new State(i + 1, clean, clean);
        }
        float[] z = noise.unit(Noise.STEP, i, x.length);
        float[] next = Latents.combined(
                transition.cleanWeight(), clean, transition.latentWeight(), x, Math.sqrt(transition.posterior()), z);
        return new State(i + 1, next, clean);
    }
}
