package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Estimate;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.schedule.Layouts;
import dev.safelight.common.sampling.schedule.SmoothProcess;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The probability-flow ODE in the process's own time, dx/dt = a'(t)·D + s'(t)·E, from t = 1 to the lowest time. For the
 * SDEs of Song et al. 2021 this is f x − ½g²S (eq. 13); for a flow it is the velocity.
 *
 * @param tolerance absolute and relative, of a step of Dormand and Prince's fifth-order method, whose length follows from
 *     it; 0 for Heun's method at the plan's own levels
 */
public record ProbabilityFlow(SmoothProcess process, double tolerance) implements Sampler<ProbabilityFlow.State> {
    private static final Option.Word SOLVER = new Option.Word(
            "solver",
            "heun at N fixed times, or rk45, which chooses its own by tolerance",
            List.of("heun", "rk45"),
            "heun");
    private static final Option.Real TOLERANCE = new Option.Real(
            "tolerance", "Error that rk45 allows itself in a step, absolute and relative", 1e-9, 0.1, 1e-5);

    static final List<Method> METHODS = List.of(Method.called(
                    "pf-ode", "The probability-flow ODE in the process's own time, by Heun or adaptive RK45")
            .when("Reference trajectories, likelihoods' companion, latent score models")
            .from("Song et al. 2021, Score-based generative modeling, eq. 13; Dormand and Prince 1980")
            .costing("heun 2N; rk45 as many as the tolerance asks for, about 6 a step")
            .over(Layouts.NODES_TO_LOWEST)
            .taking(SOLVER, TOLERANCE)
            .needing(new Need("a process in continuous time", offer -> offer.process() instanceof SmoothProcess))
            .made(ProbabilityFlow::of));

    private static ProbabilityFlow of(Setting setting) {
        double tolerance = setting.get(SOLVER).equals("rk45") ? setting.get(TOLERANCE) : 0;
        return new ProbabilityFlow((SmoothProcess) setting.process(), tolerance);
    }

    /**
     * @param t where x is
     * @param width the next step to try, of rk45
     * @param slope dx/dt at t, where the last step left it; null before the first
     * @param tries steps of rk45 so far, refused ones included
     */
    public record State(int step, double t, double width, float[] x, float[] slope, float[] clean, int tries) {}

    @Override
    public State begin(Start start, Plan plan) {
        Level first = plan.level(0);
        double t = process.timeOf(first);
        double width = (t - process.lowestTime()) / plan.steps();
        return new State(0, t, width, start.latent(first, first.prior()), null, null, 0);
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        return tolerance == 0 ? heun(state, plan, denoiser) : rungeKutta(state, plan, denoiser);
    }

    private record Slope(float[] value, float[] clean) {}

    private Slope slope(float[] x, double t, Denoiser denoiser) {
        Estimate estimate = denoiser.estimate(x, process.level(t));
        float[] value =
                Latents.combined(process.signalRate(t), estimate.clean(), process.noiseRate(t), estimate.noise());
        return new Slope(value, estimate.clean());
    }

    private State heun(State state, Plan plan, Denoiser denoiser) {
        double t = state.t();
        double end = process.timeOf(plan.level(state.step() + 1));
        Slope first = slope(state.x(), t, denoiser);
        Slope second = slope(Latents.combined(1, state.x(), end - t, first.value), end, denoiser);
        double half = (end - t) / 2;
        float[] x = Latents.combined(1, state.x(), half, first.value, half, second.value);
        return new State(state.step() + 1, end, state.width(), x, null, second.clean, 0);
    }

    // Dormand and Prince 1980, RK5(4)7M: nodes, stages, and fifth minus fourth order.

    private static final double[] NODES = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};
    private static final double[][] STAGES = {
        {},
        {1.0 / 5},
        {3.0 / 40, 9.0 / 40},
        {44.0 / 45, -56.0 / 15, 32.0 / 9},
        {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
        {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
        {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}
    };
    private static final double[] ERROR = {
        71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40
    };

    private static final double SAFETY = 0.9;
    private static final double LEAST_FACTOR = 0.2;
    private static final double MOST_FACTOR = 10;
    /** A step this short is taken whatever its error, so that every walk ends. */
    private static final double LEAST_WIDTH = 1e-7;
    /** Beyond so many tries steps are no longer refused, so that every walk ends. */
    private static final int MOST_TRIES = 5000;

    /** One step, taken or refused; its length for the next try follows from its error. */
    private State rungeKutta(State state, Plan plan, Denoiser denoiser) {
        double t = state.t();
        double left = t - process.lowestTime();
        double width = Math.min(state.width(), left);
        boolean last = width >= left * (1 - 1e-9);
        List<float[]> slopes = new ArrayList<>();
        slopes.add(state.slope() == null ? slope(state.x(), t, denoiser).value : state.slope());
        float[] x = state.x();
        Slope latest = null;
        for (int stage = 1; stage < NODES.length; stage++) {
            x = moved(state.x(), slopes, STAGES[stage], -width);
            double at = last && NODES[stage] == 1 ? process.lowestTime() : t - NODES[stage] * width;
            latest = slope(x, at, denoiser);
            slopes.add(latest.value);
        }
        double error = error(state.x(), x, slopes, width);
        boolean accepted = error <= 1 || width <= LEAST_WIDTH || state.tries() >= MOST_TRIES;
        double factor = error == 0 ? MOST_FACTOR : SAFETY * Math.pow(error, -0.2);
        // A comparison that NaN fails: an error that is not a number halves the step as the worst error does.
        factor = factor >= LEAST_FACTOR ? Math.min(factor, accepted ? MOST_FACTOR : 1) : LEAST_FACTOR;
        double next = Math.max(LEAST_WIDTH, width * factor);
        if (!accepted) {
            return new State(state.step(), t, next, state.x(), slopes.getFirst(), state.clean(), state.tries() + 1);
        }
        double reached = last ? process.lowestTime() : t - width;
        int position = last ? plan.steps() : Math.min(plan.steps() - 1, behind(reached, plan));
        return new State(position, reached, next, x, latest.value, latest.clean, state.tries() + 1);
    }

    private int behind(double t, Plan plan) {
        double begun = process.timeOf(plan.level(0));
        return (int) (plan.steps() * (begun - t) / (begun - process.lowestTime()));
    }

    private static float[] moved(float[] x, List<float[]> slopes, double[] stage, double width) {
        List<float[]> terms = new ArrayList<>(List.of(x));
        terms.addAll(slopes.subList(0, stage.length));
        double[] weights = new double[terms.size()];
        weights[0] = 1;
        for (int k = 0; k < stage.length; k++) {
            weights[k + 1] = width * stage[k];
        }
        return Latents.combined(weights, terms);
    }

    /** Root mean square of the error in units of what is allowed: above 1 the step is too long. */
    private double error(float[] from, float[] to, List<float[]> slopes, double width) {
        double sum = 0;
        for (int i = 0; i < from.length; i++) {
            double difference = 0;
            for (int k = 0; k < ERROR.length; k++) {
                difference += ERROR[k] * slopes.get(k)[i];
            }
            double allowed = tolerance + tolerance * Math.max(Math.abs(from[i]), Math.abs(to[i]));
            sum += Math.pow(width * difference / allowed, 2);
        }
        return Math.sqrt(sum / from.length);
    }

    @Override
    public int position(State state, Plan plan) {
        return state.step();
    }

    @Override
    public float[] latent(State state) {
        return state.x();
    }

    @Override
    public Optional<float[]> denoised(State state) {
        return Optional.ofNullable(state.clean());
    }
}
