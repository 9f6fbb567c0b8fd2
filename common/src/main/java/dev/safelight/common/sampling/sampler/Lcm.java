package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.OneStepSampler;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import java.util.ArrayList;
import java.util.List;

/**
 * Latent consistency models: the network, distilled, jumps to the end of the ODE; in between noise is put back (Luo et al.
 * 2023, algorithm 3). Near data the consistency function is forced to be the identity: c_skip x + c_out D.
 */
public record Lcm() implements OneStepSampler {
    /** Steps of the ODE solver that the model was distilled along. */
    private static final int DISTILLED_STEPS = 50;

    private static final double DATA_DEVIATION = 0.5;
    private static final double TIME_SCALE = 10;

    static final List<Method> METHODS =
            List.of(Method.called("lcm", "Multistep consistency sampling of a distilled model")
                    .when("Distilled models, in 1 to 8 steps")
                    .from("Luo et al. 2023, Latent consistency models, algorithm 3")
                    .over(Lcm::plan)
                    .needing(
                            new Need("a discrete vp process", offer -> offer.process() instanceof NoiseSchedule),
                            Need.trait("distilled"))
                    .made(_ -> new Lcm()));

    /** Every ⌊50i/N⌋-th of the 50 times of the distillation, from noise to data. */
    private static Plan plan(Setting setting) {
        NoiseSchedule schedule = (NoiseSchedule) setting.process();
        int steps = setting.steps();
        if (steps > DISTILLED_STEPS || schedule.steps() < DISTILLED_STEPS) {
            throw new IllegalArgumentException("lcm takes at most " + DISTILLED_STEPS + " steps");
        }
        int stride = schedule.steps() / DISTILLED_STEPS;
        List<Level> levels = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            int fromNoise = DISTILLED_STEPS * i / steps;
            levels.add(schedule.level((DISTILLED_STEPS - fromNoise) * stride - 1));
        }
        levels.add(Level.CLEAN);
        return new Plan(levels, setting.spacing());
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        float[] x = state.x();
        Level from = plan.level(i);
        Level to = plan.level(i + 1);
        double tau = TIME_SCALE * from.time();
        double square = DATA_DEVIATION * DATA_DEVIATION;
        double skip = square / (tau * tau + square);
        double out = tau / Math.sqrt(tau * tau + square);
        float[] jumped =
                Latents.combined(skip, x, out, denoiser.estimate(x, from).clean());
        if (to.clean()) {
            return new State(i + 1, jumped, jumped);
        }
        float[] z = noise.unit(Noise.STEP, i, x.length);
        return new State(i + 1, Latents.combined(to.signal(), jumped, to.noise(), z), jumped);
    }
}
