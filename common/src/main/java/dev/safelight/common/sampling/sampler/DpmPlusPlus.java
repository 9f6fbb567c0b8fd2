package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.History;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.StepSampler;
import dev.safelight.common.sampling.schedule.Layouts;
import java.util.List;

/**
 * DPM-Solver++, the multistep solvers of the data-prediction ODE and SDE in λ (Lu et al. 2022). With h = λ' − λ a step is
 * x' = (s'/s)x + a'(1 − e^{−h})D plus differences of the D before; the step to clean data, where λ is infinite, is D.
 *
 * @param order 2 or 3; a walk begins with lower ones, because it has no history
 * @param stochastic whether the SDE is solved: the noise decays twice as fast and fresh noise takes its place
 * @param correction c, the factor of the second difference in the third order: 2 follows from the expansion, 1 is what the
 *     authors and k-diffusion publish, of lower order
 */
public record DpmPlusPlus(int order, boolean stochastic, double correction) implements StepSampler<DpmPlusPlus.State> {
    /** Below so many steps the third order is not used in the last but one. */
    private static final int FEW = 15;

    private static final Option.Real CORRECTION = new Option.Real(
            "correction",
            "Factor of the second difference in dpmpp-3m: 2 is of third order, 1 as published",
            1,
            2,
            2.0);

    static final List<Method> METHODS = List.of(
            Method.called("dpmpp-2m", "DPM-Solver++(2M), second order from one evaluation a step")
                    .when("The choice for few steps")
                    .from("Lu et al. 2022, DPM-Solver++, algorithm 2")
                    .over(Layouts.multistep(false))
                    .needing(Need.gaussian())
                    .made(_ -> new DpmPlusPlus(2, false, 2)),
            Method.called("dpmpp-2m-sde", "SDE-DPM-Solver++(2M): second order, with fresh noise in each step")
                    .when("More texture than dpmpp-2m at 20 to 50 steps")
                    .from("Lu et al. 2022, DPM-Solver++, appendix on SDEs")
                    .over(Layouts.multistep(false))
                    .needing(Need.gaussian())
                    .made(_ -> new DpmPlusPlus(2, true, 2)),
            Method.called("dpmpp-3m", "DPM-Solver++(3M), third order from one evaluation a step")
                    .when("Unconditional or weakly guided sampling with 15 steps and more")
                    .from("Lu et al. 2022, DPM-Solver++, with the factor of the third-order term corrected")
                    .over(Layouts.multistep(false))
                    .taking(CORRECTION)
                    .needing(Need.gaussian())
                    .made(setting -> new DpmPlusPlus(3, false, setting.get(CORRECTION))));

    /** The deterministic second-order solver. */
    public static DpmPlusPlus secondOrder() {
        return new DpmPlusPlus(2, false, 2);
    }

    /**
     * @param cleans D of the steps before, the latest first
     * @param widths h of those steps
     */
    public record State(int step, float[] x, List<float[]> cleans, List<Double> widths) implements StepSampler.State {
        @Override
        public float[] clean() {
            return cleans.isEmpty() ? null : cleans.getFirst();
        }
    }

    @Override
    public State begin(Start start, Plan plan) {
        return new State(0, start.latent(plan.level(0), plan.level(0).prior()), List.of(), List.of());
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        Level from = plan.level(i);
        Level to = plan.level(i + 1);
        float[] x = state.x();
        float[] clean = denoiser.estimate(x, from).clean();
        double h = to.lambda() - from.lambda();
        State next = new State(
                i + 1, clean, History.with(clean, state.cleans(), order), History.with(h, state.widths(), order - 1));
        if (to.clean()) {
            return next;
        }
        double decay = stochastic ? Math.exp(-h) : 1;
        // In the SDE the expansion runs over 2h.
        double width = stochastic ? 2 * h : h;
        double kept = to.noise() / from.noise() * decay;
        float[] moved = Latents.combined(
                kept, x, to.signal(), driven(next.cleans(), state.widths(), h, width, usable(i, plan)));
        if (stochastic) {
            float[] z = noise.unit(Noise.STEP, i, x.length);
            moved = Latents.combined(1, moved, to.noise() * Math.sqrt(-Math.expm1(-2 * h)), z);
        }
        return new State(i + 1, moved, next.cleans(), next.widths());
    }

    /** The order of step i. */
    private int usable(int i, Plan plan) {
        boolean lastButOne = i == plan.steps() - 2 && plan.steps() < FEW;
        return Math.min(i + 1, lastButOne ? 2 : order);
    }

    /**
     * The integral of e^{λ−λ'} D(λ) over the step, D expanded around its beginning.
     *
     * @param cleans D of this step and those before
     * @param widths of the steps before
     * @param width h, or 2h where the SDE is solved
     */
    private float[] driven(List<float[]> cleans, List<Double> widths, double h, double width, int order) {
        double fresh = -Math.expm1(-width);
        if (order == 1) {
            return Latents.scaled(fresh, cleans.getFirst());
        }
        double r0 = widths.getFirst() / h;
        if (order == 2) {
            double half = fresh / (2 * r0);
            return Latents.combined(fresh + half, cleans.get(0), -half, cleans.get(1));
        }
        double r1 = widths.get(1) / h;
        double phi2 = -fresh / width + 1;
        double phi3 = phi2 / width - 0.5;
        // d₀ = (D − D₋₁)/r₀, d₁ = (D₋₁ − D₋₂)/r₁, D₂ = (d₀ − d₁)/(r₀ + r₁), D₁ = d₀ + r₀D₂, each as weights of the
        // three D.
        double[] d0 = {1 / r0, -1 / r0, 0};
        double[] d1 = {0, 1 / r1, -1 / r1};
        double[] weights = new double[3];
        for (int k = 0; k < 3; k++) {
            double second = (d0[k] - d1[k]) / (r0 + r1);
            double first = d0[k] + r0 * second;
            weights[k] = phi2 * first - correction * phi3 * second;
        }
        weights[0] += fresh;
        return Latents.combined(weights, cleans);
    }
}
