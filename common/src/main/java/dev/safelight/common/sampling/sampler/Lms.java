package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.History;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.StepSampler;
import dev.safelight.common.sampling.schedule.Layouts;
import java.util.ArrayList;
import java.util.List;

/**
 * The linear multistep method of Adams and Bashforth on dx̃/dσ = (x̃ − D)/σ, for uneven steps: the polynomial through the
 * last four slopes is integrated over the step (Crowson's k-diffusion, sample_lms).
 */
public record Lms() implements StepSampler<Lms.State> {
    private static final int ORDER = 4;

    static final List<Method> METHODS =
            List.of(Method.called("lms", "Linear multistep method on the probability-flow ODE, up to fourth order")
                    .when("Smooth models and many steps; few steps make it swing")
                    .from("Crowson, k-diffusion; Hairer et al., Solving ODEs I, III.1")
                    .over(Layouts.FRACTIONAL)
                    .needing(Need.gaussian())
                    .made(_ -> new Lms()));

    /** @param slopes of the steps before, the latest first */
    public record State(int step, float[] x, float[] clean, List<float[]> slopes) implements StepSampler.State {}

    @Override
    public State begin(Start start, Plan plan) {
        return new State(0, start.latent(plan.level(0), Euler.firstScale(plan)), null, List.of());
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        float[] x = state.x();
        Level from = plan.level(i);
        Level to = plan.level(i + 1);
        float[] clean = denoiser.estimate(x, from).clean();
        // (x̃ − D)/σ
        float[] slope = Latents.combined(1 / from.noise(), x, -1 / from.sigma(), clean);
        List<float[]> slopes = History.with(slope, state.slopes(), ORDER);
        double[] sigmas = new double[slopes.size()];
        for (int k = 0; k < sigmas.length; k++) {
            sigmas[k] = plan.level(i - k).sigma();
        }
        // x̃ + Σ c_k d_k with Σ c_k = σ' − σ, sorted so that the latest slope comes in through D: at high σ̂ its float
        // has lost the digits that D still has.
        List<float[]> terms = new ArrayList<>(List.of(x, clean));
        terms.addAll(slopes);
        double[] weights = new double[terms.size()];
        weights[0] = to.noise() / from.noise();
        weights[1] = to.signal() * (1 - to.sigma() / from.sigma());
        for (int k = 1; k < sigmas.length; k++) {
            weights[k + 2] = to.signal() * integral(sigmas, k, from.sigma(), to.sigma());
            weights[2] -= weights[k + 2];
        }
        return new State(i + 1, Latents.combined(weights, terms), clean, slopes);
    }

    /**
     * ∫ over the step of the polynomial that is 1 at node k and 0 at the others. Gauss's rule with two points is exact up
     * to the third degree, which is all there is.
     */
    static double integral(double[] nodes, int k, double from, double to) {
        double middle = (from + to) / 2;
        double reach = (to - from) / (2 * Math.sqrt(3));
        return (to - from) / 2 * (basis(nodes, k, middle - reach) + basis(nodes, k, middle + reach));
    }

    private static double basis(double[] nodes, int k, double at) {
        double product = 1;
        for (int j = 0; j < nodes.length; j++) {
            if (j != k) {
                product *= (at - nodes[j]) / (nodes[k] - nodes[j]);
            }
        }
        return product;
    }
}
