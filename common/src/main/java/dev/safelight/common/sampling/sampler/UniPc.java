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
import java.util.ArrayList;
import java.util.List;

/**
 * UniPC with B(h) = e^h − 1 (Zhao et al. 2023, algorithms 5 and 6, data prediction). A step asks the network once, uses
 * the answer first to correct the step before and then to predict the next: the corrector costs nothing and raises the
 * order by one.
 *
 * @param order of the predictor, 1 to 3; lower where the walk has not enough before it or behind it
 */
public record UniPc(int order) implements StepSampler<UniPc.State> {
    private static final Option.Whole ORDER =
            new Option.Whole("order", "Order of the predictor; the corrector is one higher", 1, 3, 2);

    static final List<Method> METHODS =
            List.of(Method.called("unipc", "UniPC: predictor and corrector from one evaluation a step")
                    .when("Very few steps, 5 to 15")
                    .from("Zhao et al. 2023, UniPC, algorithms 5 and 6 with B2")
                    .over(Layouts.multistep(true))
                    .taking(ORDER)
                    .needing(Need.gaussian())
                    .made(setting -> new UniPc(setting.get(ORDER))));

    /**
     * @param corrected the latent that the last prediction started from
     * @param cleans D of the steps before, the latest first
     * @param used the order of the last prediction
     */
    public record State(int step, float[] x, float[] corrected, List<float[]> cleans, int used)
            implements StepSampler.State {
        @Override
        public float[] clean() {
            return cleans.isEmpty() ? null : cleans.getFirst();
        }
    }

    @Override
    public State begin(Start start, Plan plan) {
        float[] x = start.latent(plan.level(0), plan.level(0).prior());
        return new State(0, x, x, List.of(), 0);
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        float[] clean = denoiser.estimate(state.x(), plan.level(i)).clean();
        float[] x = i == 0 ? state.x() : corrected(state, plan, clean);
        List<float[]> cleans = History.with(clean, state.cleans(), order);
        int now = Math.min(order, Math.min(plan.steps() - i, i + 1));
        if (plan.level(i + 1).clean()) {
            return new State(i + 1, clean, x, cleans, now);
        }
        return new State(i + 1, predicted(x, plan, i, cleans, now), x, cleans, now);
    }

    private static float[] predicted(float[] x, Plan plan, int i, List<float[]> cleans, int order) {
        Bases bases = Bases.of(plan, i, order);
        // Of second order the system has one unknown, and its solution is taken to be ½ as published.
        double[] rho = order == 2 ? new double[] {0.5} : solved(bases.ratios, bases.b, order - 1);
        return bases.moved(x, cleans, rho, null, 0);
    }

    /** Redoes the step before from where it started, now that D is known where it ended. */
    private static float[] corrected(State state, Plan plan, float[] clean) {
        int order = state.used();
        Bases bases = Bases.of(plan, state.step() - 1, order);
        double[] ratios = bases.ratios.clone();
        ratios[order - 1] = 1;
        double[] rho = order == 1 ? new double[] {0.5} : solved(ratios, bases.b, order);
        return bases.moved(state.corrected(), state.cleans(), rho, clean, rho[order - 1]);
    }

    /**
     * What a step from level i is made of.
     *
     * @param ratios r_k = (λ_{i−k} − λ_i)/h for k = 1, 2, …; the last place is the corrector's
     * @param b the right-hand sides b_k = k! p_k / B
     */
    private record Bases(double kept, double fresh, double[] ratios, double[] b) {
        static Bases of(Plan plan, int i, int order) {
            Level from = plan.level(i);
            Level to = plan.level(i + 1);
            double h = to.lambda() - from.lambda();
            double big = Math.expm1(-h);
            double[] ratios = new double[order];
            for (int k = 1; k < order; k++) {
                ratios[k - 1] = (plan.level(i - k).lambda() - from.lambda()) / h;
            }
            double[] b = new double[order];
            double p = big / -h - 1;
            double factorial = 1;
            for (int k = 1; k <= order; k++) {
                b[k - 1] = p * factorial / big;
                factorial *= k + 1;
                p = p / -h - 1 / factorial;
            }
            return new Bases(to.noise() / from.noise(), -to.signal() * big, ratios, b);
        }

        /**
         * (s'/s)x − a'B(D₀ + Σ ρ_k (D_{−k} − D₀)/r_k), with one more difference where D is known at the end.
         *
         * @param end D there, or null
         */
        float[] moved(float[] x, List<float[]> cleans, double[] rho, float[] end, double rhoEnd) {
            List<float[]> terms = new ArrayList<>(List.of(x, cleans.getFirst()));
            int differences = end == null ? rho.length : rho.length - 1;
            double[] weights = new double[2 + differences + (end == null ? 0 : 1)];
            weights[0] = kept;
            weights[1] = fresh;
            for (int k = 0; k < differences; k++) {
                double weight = fresh * rho[k] / ratios[k];
                terms.add(cleans.get(k + 1));
                weights[k + 2] = weight;
                weights[1] -= weight;
            }
            if (end != null) {
                terms.add(end);
                weights[weights.length - 1] = fresh * rhoEnd;
                weights[1] -= fresh * rhoEnd;
            }
            return Latents.combined(weights, terms);
        }
    }

    /** ρ of Σ_j r_j^{k−1} ρ_j = b_k for k = 1 … size, by elimination with pivots. */
    static double[] solved(double[] ratios, double[] b, int size) {
        double[][] rows = new double[size][size + 1];
        for (int k = 0; k < size; k++) {
            for (int j = 0; j < size; j++) {
                rows[k][j] = Math.pow(ratios[j], k);
            }
            rows[k][size] = b[k];
        }
        for (int column = 0; column < size; column++) {
            int pivot = column;
            for (int k = column + 1; k < size; k++) {
                pivot = Math.abs(rows[k][column]) > Math.abs(rows[pivot][column]) ? k : pivot;
            }
            double[] swapped = rows[column];
            rows[column] = rows[pivot];
            rows[pivot] = swapped;
            for (int k = 0; k < size; k++) {
                double factor = k == column ? 0 : rows[k][column] / rows[column][column];
                for (int j = column; factor != 0 && j <= size; j++) {
                    rows[k][j] -= factor * rows[column][j];
                }
            }
        }
        double[] solution = new double[size];
        for (int k = 0; k < size; k++) {
            solution[k] = rows[k][size] / rows[k][k];
        }
        return solution;
    }
}
