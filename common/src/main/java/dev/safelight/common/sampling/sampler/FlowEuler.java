package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Estimate;
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
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.schedule.Layouts;
import dev.safelight.common.sampling.schedule.RectifiedFlow;
import java.util.List;

/** Euler's method along the velocity v = E − D of a straight path: x + (t' − t)v (Liu et al. 2022; Esser et al. 2024). */
public record FlowEuler() implements OneStepSampler {
    private static final Option.Real SHIFT = new Option.Real(
            "shift",
            "Spends more steps on noise, as for larger pictures: t becomes kt/(1 + (k − 1)t); omitted, the model's own",
            0.01,
            100,
            null);

    private static final Layout SHIFTED = new Layout() {
        @Override
        public Plan plan(Setting setting) {
            return Layouts.TRAINING.plan(setting.values()
                    .find(SHIFT)
                    .map(shift -> shifted(setting, shift))
                    .orElse(setting));
        }

        @Override
        public List<Option<?>> options() {
            return List.of(SHIFT, Layouts.TIMESTEPS);
        }
    };

    static final List<Method> METHODS =
            List.of(Method.called("flow-euler", "Euler's method along the velocity of a flow")
                    .when("Flow-matching models; straight paths need few steps")
                    .from("Liu et al. 2022, Flow straight and fast; shift: Esser et al. 2024")
                    .over(SHIFTED)
                    .needing(Need.process(Process.Kind.FLOW))
                    .made(_ -> new FlowEuler()));

    private static Setting shifted(Setting setting, double shift) {
        Layouts.refuseTimes(setting, SHIFT.name());
        return setting.with(((RectifiedFlow) setting.process()).withShift(shift));
    }

    @Override
    public double priorScale(Plan plan) {
        return plan.level(0).noise();
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        Level from = plan.level(i);
        Estimate estimate = denoiser.estimate(state.x(), from);
        double width = plan.level(i + 1).noise() - from.noise();
        float[] next = Latents.combined(1, state.x(), width, estimate.noise(), -width, estimate.clean());
        return new State(i + 1, next, estimate.clean());
    }
}
