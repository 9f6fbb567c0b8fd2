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
import dev.safelight.common.sampling.OptionRefused;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Transition;
import dev.safelight.common.sampling.guidance.GuidanceOptions;
import dev.safelight.common.sampling.schedule.Layouts;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Analytic-DPM: the reverse variance that minimises the KL divergence, from the mean square of the network's noise
 * estimate (Bao et al. 2022, theorem 1 and corollary).
 *
 * @param table Γ = E‖E(x_n)‖²/d by 0-based training index, measured on data with the conditioning and guidance in use
 * @param markov whether the forward process is DDPM's (κ² = β̃) or DDIM's (κ = 0)
 * @param bound y: the last noise that is added may move a pixel by y of 255 steps on average
 */
public record AnalyticDpm(double[] table, boolean markov, double bound) implements OneStepSampler {
    /** The name of Γ among a bundle's tables; that of a guided network goes on with a dash and the guidance's weight. */
    static final String TABLE = "noise-power";

    /** What else changes the network's answer, so that no table is about it. */
    private static final List<String> UNMEASURED = List.of(
            "compose",
            "negative",
            "guidance_rescale",
            "guidance_sigma_min",
            "guidance_sigma_max",
            "classifier_guidance");

    private static final Option.Real BOUND = new Option.Real(
            "variance_bound", "The last noise may move a pixel by so many of 255 steps on average", 0.1, 255, 2.0);
    private static final Option.Word TRAJECTORY = new Option.Word(
            "trajectory",
            "Times by the spacing, or those of least KL divergence for so many steps",
            List.of("spaced", "optimal"),
            "spaced");

    private static final Layout CHOSEN = new Layout() {
        @Override
        public Plan plan(Setting setting) {
            return setting.get(TRAJECTORY).equals("optimal")
                    ? optimal(setting)
                    : Layouts.TRAINING_WITH_SIGNAL.plan(setting);
        }

        @Override
        public List<Option<?>> options() {
            List<Option<?>> options = new ArrayList<>(Layouts.TRAINING_WITH_SIGNAL.options());
            options.add(TRAJECTORY);
            return options;
        }
    };

    private static final Need DISCRETE =
            new Need("a discrete vp process", offer -> offer.process() instanceof NoiseSchedule);

    static final List<Method> METHODS = List.of(
            Method.called("analytic-ddpm", "DDPM with the optimal variance, from a table that was measured on data")
                    .when("10 to 100 steps with fresh noise: better than either variance of ddpm")
                    .from("Bao et al. 2022, Analytic-DPM")
                    .over(CHOSEN)
                    .taking(BOUND)
                    .needing(DISCRETE, Need.table(TABLE))
                    .made(setting -> new AnalyticDpm(table(setting), true, setting.get(BOUND))),
            Method.called("analytic-ddim", "DDIM with the noise that the optimal variance asks for")
                    .when("10 to 100 steps; less noise than analytic-ddpm")
                    .from("Bao et al. 2022, Analytic-DPM")
                    .over(Layouts.TRAINING_WITH_SIGNAL)
                    .taking(BOUND)
                    .needing(DISCRETE, Need.table(TABLE))
                    .made(setting -> new AnalyticDpm(table(setting), false, setting.get(BOUND))));

    /** Γ of what the network answers under the guidance asked for. */
    private static double[] table(Setting setting) {
        for (String option : UNMEASURED) {
            if (setting.values().given().containsKey(option)) {
                throw new OptionRefused(option, "the optimal variance was not measured with " + option);
            }
        }
        double guidance = setting.get(GuidanceOptions.WEIGHT);
        String name = guidance == 1
                ? TABLE
                : TABLE + "-"
                        + BigDecimal.valueOf(guidance).stripTrailingZeros().toPlainString();
        double[] table = setting.offer().table(name);
        if (table == null) {
            throw new OptionRefused(
                    "guidance",
                    "the optimal variance was measured for some weights of guidance only: the model has no table \""
                            + name
                            + "\"; its tables are "
                            + setting.offer().tables().keySet().stream()
                                    .filter(known -> known.startsWith(TABLE))
                                    .sorted()
                                    .collect(Collectors.joining(", ")));
        }
        return table;
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        float[] x = state.x();
        Transition transition = Transition.between(plan.level(i), plan.level(i + 1));
        Estimate estimate = denoiser.estimate(x, transition.from());
        if (transition.to().clean()) {
            return new State(i + 1, estimate.clean(), estimate.clean());
        }
        double kappa2 = markov ? transition.posterior() : 0;
        double s = transition.to().noise();
        double direction = Math.sqrt(Math.max(0, s * s - kappa2));
        float[] z = noise.unit(Noise.STEP, i, x.length);
        float[] next = Latents.combined(
                transition.to().signal(),
                estimate.clean(),
                direction,
                estimate.noise(),
                Math.sqrt(variance(transition, kappa2)),
                z);
        return new State(i + 1, next, estimate.clean());
    }

    /** V = κ² + (√ᾱ_s − √((1 − ᾱ_s − κ²)ᾱ_r/(1 − ᾱ_r)))² clip[(1 − ᾱ_r)/ᾱ_r (1 − Γ_r), 0, 1]. */
    public double variance(Transition transition, double kappa2) {
        Level from = transition.from();
        Level to = transition.to();
        double left = Math.max(0, to.noise() * to.noise() - kappa2);
        double factor = to.signal() - Math.sqrt(left) * from.signal() / from.noise();
        double variance = kappa2 + factor * factor * spread(from);
        if (to.time() != 0) {
            return variance;
        }
        double most = bound * 2 / 255 * Math.sqrt(Math.PI / 2);
        return Math.min(variance, most * most);
    }

    /** E Var[x0 | x_r] of data in [−1, 1], where it is at most 1; without the clip 1/ᾱ would amplify the table's noise. */
    private double spread(Level from) {
        double power = table[(int) from.time()];
        double sigma = from.sigma();
        return Math.clamp(sigma * sigma * (1 - power), 0, 1);
    }

    /**
     * N indices from T − 1 down to 0 with the least Σ ln(V/β̃). From the lowest index where Γ > 1 on, a table says nothing of V
     * and a jump would cost nothing however far it leads: there the indices are even.
     */
    private static Plan optimal(Setting setting) {
        Layouts.refuseTimes(setting, TRAJECTORY.name());
        NoiseSchedule schedule = (NoiseSchedule) setting.process();
        double[] table = table(setting);
        int known = Math.max(
                1, (int) Arrays.stream(table).takeWhile(power -> power <= 1).count());
        int[] even = Arrays.stream(Spacing.LINSPACE.times(schedule.steps(), setting.steps(), Spacing.Grid.WHOLE))
                .filter(time -> time >= known)
                .mapToInt(time -> (int) time)
                .toArray();
        int left = setting.steps() - even.length;
        int[] cheapest = left == 1 && even.length > 0
                ? new int[] {0}
                : leastCost(schedule, table, even.length > 0 ? known : schedule.steps())
                        .path(left);
        List<Level> plan = new ArrayList<>();
        Arrays.stream(even).mapToObj(schedule::level).forEach(plan::add);
        for (int k = cheapest.length - 1; k >= 0; k--) {
            plan.add(schedule.level(cheapest[k]));
        }
        plan.add(Level.CLEAN);
        return new Plan(plan, setting.spacing());
    }

    /** @param size how many of the lowest indices there are to choose from */
    private static LeastCost leastCost(NoiseSchedule schedule, double[] table, int size) {
        AnalyticDpm sampler = new AnalyticDpm(table, true, Double.MAX_VALUE);
        List<Level> levels = IntStream.range(0, size).mapToObj(schedule::level).toList();
        return LeastCost.of(
                List.of("analytic", levels, LeastCost.values(table)),
                () -> new LeastCost(size, (to, from) -> {
                    Transition transition = Transition.between(levels.get(from), levels.get(to));
                    return Math.log(sampler.variance(transition, transition.posterior()) / transition.posterior());
                }));
    }
}
