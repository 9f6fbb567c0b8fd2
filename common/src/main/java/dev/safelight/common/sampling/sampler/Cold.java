package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Degradation;
import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.OneStepSampler;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.schedule.ColdProcess;
import dev.safelight.common.sampling.schedule.Layouts;
import java.util.List;

/**
 * Cold diffusion: the network restores an image from a degradation, which is then applied again, less (Bansal et al. 2022).
 * Algorithm 1 takes D(R, s); algorithm 2 takes x − D(R, t) + D(R, s), which forgives the network its errors.
 *
 * @param terminal law of what the last degradation leaves, K times (weight, a mean and a deviation for each channel); walks
 *     that start from nothing start from it
 * @param channels of an image
 */
public record Cold(Degradation degradation, int algorithm, double[] terminal, int channels) implements OneStepSampler {
    static final String TABLE = "cold-start";
    /** Breaks the symmetry of a flat start. */
    private static final double SEED_NOISE = 0.002;

    private static final Option.Whole ALGORITHM = new Option.Whole(
            "algorithm",
            "Of the paper: 1 degrades the restored image again, 2 also keeps what the restoration missed",
            1,
            2,
            2);

    static final List<Method> METHODS =
            List.of(Method.called("cold", "Restores and degrades again, less each time: diffusion without noise")
                    .when("Models trained on blur, masks or other degradations")
                    .from("Bansal et al. 2022, Cold diffusion, algorithms 1 and 2")
                    .over(Layouts.TRAINING)
                    .taking(ALGORITHM)
                    .needing(Need.process(Process.Kind.COLD), Need.table(TABLE))
                    .made(Cold::of));

    private static Cold of(Setting setting) {
        double[] terminal = setting.offer().table(TABLE);
        return new Cold(
                ((ColdProcess) setting.process()).degradation(), setting.get(ALGORITHM), terminal, (int) terminal[0]);
    }

    /** One of the terminal laws, in every pixel of each channel the same, and a little noise. */
    @Override
    public Start opening(Noise noise, int size) {
        float[] x = new float[size];
        float[] level = noise.unit(Noise.GENERATOR, 0, channels);
        int law = law(noise.uniform(Noise.FROZEN, 1, 1)[0]);
        int stride = 1 + 2 * channels;
        for (int i = 0; i < size; i++) {
            int channel = (int) ((long) i * channels / size);
            int at = 1 + law * stride + 1 + 2 * channel;
            x[i] = (float) (terminal[at] + terminal[at + 1] * level[channel]);
        }
        return Start.at(Latents.combined(1, x, SEED_NOISE, noise.unit(Noise.START, 0, size)));
    }

    private int law(float choice) {
        int stride = 1 + 2 * channels;
        int laws = (terminal.length - 1) / stride;
        double below = 0;
        for (int law = 0; law < laws - 1; law++) {
            below += terminal[1 + law * stride];
            if (choice < below) {
                return law;
            }
        }
        return laws - 1;
    }

    /** Degraded as far as the level says, with the randomness of the whole walk. */
    @Override
    public float[] noised(float[] clean, Level level, Noise noise) {
        return degradation.apply(clean, (int) level.noise(), frozen(noise));
    }

    /** A counter gives the same numbers in every step: they are frozen without being stored. */
    private float[] frozen(Noise noise) {
        return noise.uniform(Noise.FROZEN, 0, degradation.frozenSize());
    }

    @Override
    public double priorScale(Plan plan) {
        return 1;
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        float[] x = state.x();
        int from = (int) plan.level(i).noise();
        int to = (int) plan.level(i + 1).noise();
        float[] frozen = frozen(noise);
        float[] restored = denoiser.estimate(x, plan.level(i)).clean();
        float[] next = degradation.apply(restored, to, frozen);
        if (algorithm == 2) {
            next = Latents.combined(1, x, -1, degradation.apply(restored, from, frozen), 1, next);
        }
        return new State(i + 1, next, restored);
    }
}
