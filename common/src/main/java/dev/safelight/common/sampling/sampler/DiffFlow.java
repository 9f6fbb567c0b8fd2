package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.OneStepSampler;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.schedule.LearnedProcess;
import java.util.ArrayList;
import java.util.List;

/**
 * Diffusion normalizing flows: drift and score of the SDE are both networks, on a grid of times that was trained with them.
 * x_{i−1} = x_i − (f − g_i²S)Δ_i + g_i√Δ_i z, noise in the last step too (Zhang and Chen 2021, eq. 12).
 */
public record DiffFlow(LearnedProcess process) implements OneStepSampler {
    static final List<Method> METHODS = List.of(
            Method.called("diffflow", "The SDE of a diffusion normalizing flow: learned drift and learned score")
                    .when("DiffFlow models, with exactly the steps they were trained for")
                    .from("Zhang and Chen 2021, Diffusion normalizing flow")
                    .costing("2N, of two networks")
                    .over(DiffFlow::plan)
                    .needing(Need.process(Process.Kind.LEARNED), Need.network("drift"))
                    .made(setting -> new DiffFlow((LearnedProcess) setting.process())));

    private static Plan plan(Setting setting) {
        LearnedProcess process = (LearnedProcess) setting.process();
        if (setting.steps() != process.steps()) {
            throw new IllegalArgumentException("this model takes exactly " + process.steps() + " steps with diffflow");
        }
        List<Level> levels = new ArrayList<>();
        for (int i = process.steps(); i > 0; i--) {
            levels.add(process.level(i));
        }
        levels.add(Level.CLEAN);
        return new Plan(levels, setting.spacing());
    }

    @Override
    public double priorScale(Plan plan) {
        return 1;
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int done = state.step();
        int i = process.steps() - done;
        float[] x = state.x();
        Level level = plan.level(done);
        double width = process.times()[i] - process.times()[i - 1];
        double g = process.diffusion()[i];
        float[] drift = denoiser.output("drift", x, level);
        // The levels of a learned process have s = 1, so E is −S.
        float[] away = denoiser.estimate(x, level).noise();
        float[] mean = Latents.combined(1, x, -width, drift, -g * g * width, away);
        float[] z = noise.unit(Noise.STEP, done, x.length);
        return new State(done + 1, Latents.combined(1, mean, g * Math.sqrt(width), z), mean);
    }
}
