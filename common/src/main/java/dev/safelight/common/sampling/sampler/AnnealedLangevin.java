package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Layout;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.OneStepSampler;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.schedule.Layouts;
import java.util.List;

/**
 * Annealed Langevin dynamics: at each noise level n updates x + η S + √(2η) z with η in proportion to σ², then the mean of
 * what is left (Song and Ermon 2020, algorithm 1; the first paper writes α/2 for η).
 *
 * @param updates n of each level
 * @param size η/σ², which is ε/σ_L² of the paper
 */
public record AnnealedLangevin(int updates, double size) implements OneStepSampler {
    private static final Option.Whole UPDATES =
            new Option.Whole("langevin_updates", "Langevin updates at each noise level", 1, 100, 5);
    private static final Option.Real SIZE = new Option.Real(
            "langevin_size", "Size of a Langevin update, relative to the square of the noise level", 1e-6, 1, 0.062);

    private static final Layout LEVELS = setting -> Layouts.TRAINING.plan(setting.with(Spacing.LINSPACE));

    static final List<Method> METHODS =
            List.of(Method.called("annealed-langevin", "Langevin dynamics at each of many falling noise levels")
                    .when("Score networks of the NCSN family; as many steps as the network has levels")
                    .from("Song and Ermon 2019 and 2020, algorithm 1")
                    .costing("langevin_updates · N + 1")
                    .over(LEVELS)
                    .taking(UPDATES, SIZE)
                    .needing(Need.process(Process.Kind.VE))
                    .made(setting -> new AnnealedLangevin(setting.get(UPDATES), setting.get(SIZE))));

    /** Pictures in [0, 1] that are nothing but noise. */
    @Override
    public Start opening(Noise noise, int size) {
        return Start.at(noise.uniform(Noise.START, 0, size));
    }

    @Override
    public double priorScale(Plan plan) {
        return plan.level(0).noise();
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        Level level = plan.level(i);
        double eta = size * level.noise() * level.noise();
        float[] x = state.x();
        float[] clean = state.clean();
        for (int k = 0; k < updates; k++) {
            float[] z = noise.unit(Noise.STEP, i * updates + k, x.length);
            var estimate = denoiser.estimate(x, level);
            clean = estimate.clean();
            // S = −E/σ
            x = Latents.combined(1, x, -eta / level.noise(), estimate.noise(), Math.sqrt(2 * eta), z);
        }
        if (plan.level(i + 1).clean()) {
            // x + σ_L² S
            clean = denoiser.estimate(x, level).clean();
            x = clean;
        }
        return new State(i + 1, x, clean);
    }
}
