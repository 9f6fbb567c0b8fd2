package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.sampling.Estimate;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Offer;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.Transition;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.noise.NormalLaw;
import dev.safelight.common.sampling.sampler.AnalyticDpm;
import dev.safelight.common.sampling.sampler.Methods;
import dev.safelight.common.sampling.sampler.OptimalSchedule;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Networks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Reverse variances and chosen times, from tables that a perfect network would have given. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VarianceTest {
    private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000, 1e-4, 0.02);
    private static final Mixture DATA = Mixture.TWO_PEAKS;
    private static final int SAMPLES = 10_000;
    private static final double FLOOR = DATA.floor(SAMPLES);

    /** Γ = E‖E‖² and E Var[x0 | x], by index. */
    private static final double[] POWER = table((x, level) -> {
        double noise = (x - level.signal() * DATA.clean(x, level)) / level.noise();
        return noise * noise;
    });

    private static final double[] ERROR = table((x, level) -> DATA.variance(x, level));

    private static final Offer OFFER = Offer.of(SCHEDULE, Prediction.EPSILON)
            .with("noise-power", POWER)
            .with("clean-error", ERROR)
            .with("decoder-nll", decoder());

    private Batcher batcher;

    @BeforeAll
    void open() {
        batcher = new Batcher("variance");
    }

    @AfterAll
    void close() {
        batcher.close();
    }

    private static double[] table(ToDoubleBiFunction<Double, Level> value) {
        return IntStream.range(0, SCHEDULE.steps())
                .mapToDouble(i -> DATA.expectation(SCHEDULE.level(i), x -> value.applyAsDouble(x, SCHEDULE.level(i))))
                .toArray();
    }

    /** As if the decoder were normal with the variance that is left. */
    private static double[] decoder() {
        return IntStream.range(0, SCHEDULE.steps())
                .mapToDouble(i -> 0.5 * Math.log(2 * Math.PI * Math.E * ERROR[i]))
                .toArray();
    }

    private static Setting setting(Offer offer, int steps, Map<String, Object> options) {
        return new Setting(offer, steps, Spacing.TRAILING, new Values(options));
    }

    private static Plan plan(String method, int steps) {
        return Methods.find(method).orElseThrow().plan(setting(OFFER, steps, Map.of()));
    }

    private Rig rig() {
        return new Rig(
                batcher,
                new Networks.RowWise(8, DATA.network(Prediction.EPSILON, SCHEDULE::level)),
                Prediction.EPSILON);
    }

    // Analytic-DPM.

    /** (1 − ᾱ)/ᾱ · (1 − Γ) = E Var[x0 | x] (Bao et al. 2022, lemma 2); for other data of the same variance it is another. */
    @Test
    void thePowerOfTheNoiseTellsTheVarianceThatIsLeft() {
        Mixture normal = Mixture.normal(0.25, 1.189);
        for (int i : new int[] {0, 10, 200, 500, 999}) {
            double sigma = SCHEDULE.level(i).sigma();
            assertThat(sigma * sigma * (1 - POWER[i])).isCloseTo(ERROR[i], within(1e-7));
        }
        for (int i : new int[] {100, 200}) {
            Level level = SCHEDULE.level(i);
            assertThat(normal.expectation(level, x -> normal.variance(x, level)))
                    .isNotCloseTo(ERROR[i], within(0.02));
        }
    }

    /** What the engine says of as many exact samples of a level. */
    private record Measured(double power, double error) {}

    private Measured measured(Level level) {
        float[] draws = new GaussianNoise(3).unit(0, (int) level.time(), SAMPLES);
        float[] clean = new float[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            clean[i] = (float) DATA.at(NormalLaw.cumulative(draws[i]), Level.CLEAN);
        }
        float[] x = Start.image(clean, new GaussianNoise(4)).latent(level, 1);
        Estimate estimate = rig().asked(denoiser -> denoiser.estimate(x, level));
        return new Measured(
                mean(i -> Math.pow(estimate.noise()[i], 2)), mean(i -> Math.pow(clean[i] - estimate.clean()[i], 2)));
    }

    private static double mean(IntToDoubleFunction value) {
        return IntStream.range(0, SAMPLES)
                .mapToDouble(value::applyAsDouble)
                .average()
                .orElseThrow();
    }

    /** Γ and the error of a step as they are measured of a model that is trained: through the engine, on samples. */
    @Test
    void theOptimalVarianceHasTheSmallestDivergenceThenTheLargeThenTheSmall() {
        Plan plan = plan("ddpm", 10);
        double[] power = POWER.clone();
        double[] error = ERROR.clone();
        for (int i = 0; i < plan.steps(); i++) {
            Measured measured = measured(plan.level(i));
            int index = (int) plan.level(i).time();
            assertThat(measured.power()).isCloseTo(POWER[index], within(0.06));
            assertThat(measured.error()).isCloseTo(ERROR[index], within(0.06));
            power[index] = measured.power();
            error[index] = measured.error();
        }
        AnalyticDpm analytic = new AnalyticDpm(power, true, 1e9);
        ToDoubleFunction<Transition> optimal = transition -> analytic.variance(transition, transition.posterior());
        double least = divergence(plan, error, optimal);

        assertThat(least).isLessThan(divergence(plan, error, Transition::beta));
        assertThat(divergence(plan, error, Transition::beta))
                .isLessThan(divergence(plan, error, Transition::posterior));
        // The controls: it is a minimum, and a table that knows nothing misses it.
        for (double factor : new double[] {0.7, 1.4}) {
            assertThat(divergence(plan, error, transition -> factor * optimal.applyAsDouble(transition)))
                    .isGreaterThan(least + 0.1);
        }
        AnalyticDpm ignorant = new AnalyticDpm(new double[SCHEDULE.steps()], true, 1e9);
        assertThat(divergence(plan, error, transition -> ignorant.variance(transition, transition.posterior())))
                .isGreaterThan(divergence(plan, error, Transition::beta));
    }

    /** Sum over the steps of the bound, but for the decoder's part, which is the same for all variances. */
    private static double divergence(Plan plan, double[] error, ToDoubleFunction<Transition> variance) {
        return IntStream.range(0, plan.steps() - 1)
                .mapToObj(i -> Transition.between(plan.level(i), plan.level(i + 1)))
                .mapToDouble(transition -> OptimalSchedule.bound(
                        transition,
                        variance.applyAsDouble(transition),
                        error[(int) transition.from().time()]))
                .sum();
    }

    @Test
    void withFewStepsTheOptimalVarianceComesClosestToTheData() {
        double optimal = distance("analytic-ddpm", 25, Map.of());
        double small = distance("ddpm", 25, Map.of("variance", "small"));
        double large = distance("ddpm", 25, Map.of("variance", "large"));
        assertThat(optimal).isLessThan(0.9 * large).isLessThan(0.5 * small);
        assertThat(distance("analytic-ddim", 25, Map.of())).isLessThan(0.9 * distance("ddim", 25, Map.of()));

        Offer ignorant = OFFER.with("noise-power", new double[SCHEDULE.steps()]);
        assertThat(distance("analytic-ddpm", ignorant, 25, Map.of())).isGreaterThan(large);
    }

    private double distance(String method, int steps, Map<String, Object> options) {
        return distance(method, OFFER, steps, options);
    }

    private double distance(String method, Offer offer, int steps, Map<String, Object> options) {
        return DATA.distance(rig().sample(method, setting(offer, steps, options), new GaussianNoise(1), SAMPLES));
    }

    /** 1/ᾱ of the last index is 25,000, which a table's last digits must not be multiplied with. */
    @Test
    void noiseInATableIsNotAmplified() {
        double[] noisy = Arrays.stream(POWER).map(power -> power - 1e-3).toArray();
        Transition first = Transition.between(SCHEDULE.level(999), SCHEDULE.level(899));
        Transition later = Transition.between(SCHEDULE.level(300), SCHEDULE.level(200));
        Transition last = Transition.between(SCHEDULE.level(100), SCHEDULE.level(0));

        assertThat(variance(noisy, 2, first)).isEqualTo(variance(POWER, 2, first));
        assertThat(variance(noisy, 2, later)).as("here it counts").isGreaterThan(variance(POWER, 2, later));
        double[] beyond = new double[SCHEDULE.steps()];
        Arrays.fill(beyond, 1.001);
        assertThat(variance(beyond, 2, first)).isEqualTo(first.posterior());
        assertThat(variance(new double[SCHEDULE.steps()], 2, last))
                .isCloseTo(Math.pow(2 * 2.0 / 255, 2) * Math.PI / 2, within(1e-12))
                .isLessThan(variance(new double[SCHEDULE.steps()], 100, last));
    }

    private static double variance(double[] table, double bound, Transition transition) {
        return new AnalyticDpm(table, true, bound).variance(transition, transition.posterior());
    }

    /** From the lowest index on where Γ > 1, as measured tables have it, a jump would cost nothing however far it leads. */
    @Test
    void theCheapestTrajectoryIsEvenWhereTheTableSaysNothing() {
        double[] measured = POWER.clone();
        for (int i = 900; i < 1000; i += 3) {
            measured[i] = 1.0001;
        }
        for (double[] table : List.of(POWER, measured)) {
            Offer offer = OFFER.with("noise-power", table);
            for (int steps : new int[] {1, 2, 5, 10, 25, 100}) {
                Plan plan = Methods.find("analytic-ddpm")
                        .orElseThrow()
                        .plan(setting(offer, steps, Map.of("trajectory", "optimal")));
                assertThat(plan.steps()).isEqualTo(steps);
                assertThat(plan.level(0).time()).isEqualTo(999);
                assertThat(steps == 1 || plan.level(steps - 1).time() == 0).isTrue();
                assertThat(IntStream.range(1, steps))
                        .allSatisfy(i -> assertThat(plan.level(i).time())
                                .isLessThan(plan.level(i - 1).time()));
                if (table == measured && steps > 2) {
                    assertThat(plan.levels().stream()
                                    .filter(level -> level.time() >= 900)
                                    .count())
                            .as("%d steps", steps)
                            .isBetween((long) Math.floor(0.1 * steps), (long) Math.ceil(0.1 * steps) + 1);
                }
                if (table == POWER && steps > 2) {
                    assertThat(logarithms(plan)).isLessThan(logarithms(evenDownToZero(steps)));
                }
            }
        }
        Map<String, Object> optimal = Map.of("trajectory", "optimal");
        assertThat(distance("analytic-ddpm", OFFER.with("noise-power", measured), 25, optimal))
                .isLessThan(1.5 * distance("analytic-ddpm", 25, optimal));
    }

    /** Σ ln(V/β̃). */
    private static double logarithms(Plan plan) {
        return IntStream.range(0, plan.steps() - 1)
                .mapToObj(i -> Transition.between(plan.level(i), plan.level(i + 1)))
                .mapToDouble(transition -> Math.log(variance(POWER, 1e9, transition) / transition.posterior()))
                .sum();
    }

    private static Plan evenDownToZero(int steps) {
        return Methods.find("ddpm")
                .orElseThrow()
                .plan(new Setting(OFFER, steps, Spacing.LINSPACE, new Values(Map.of())));
    }

    // Schedules of greatest likelihood.

    /** Out of eleven training steps every schedule there is can be tried. */
    @Test
    void chosenTimesAreTheBestOfAllThereAre() {
        NoiseSchedule few = NoiseSchedule.linear(11, 0.01, 0.5);
        double[] error = IntStream.range(0, 11)
                .mapToDouble(i -> DATA.expectation(few.level(i), x -> DATA.variance(x, few.level(i))))
                .toArray();
        double[] decoder = Arrays.stream(error)
                .map(left -> 0.5 * Math.log(2 * Math.PI * Math.E * left))
                .toArray();
        Offer offer =
                Offer.of(few, Prediction.EPSILON).with("clean-error", error).with("decoder-nll", decoder);
        List<Double> even = new ArrayList<>();
        for (int steps = 1; steps <= 11; steps++) {
            double best = Double.POSITIVE_INFINITY;
            for (int inside = 0; inside < 1 << 10; inside++) {
                int chosen = inside;
                if (Integer.bitCount(chosen) == steps - 1) {
                    List<Level> levels = new ArrayList<>(List.of(few.level(10)));
                    IntStream.rangeClosed(1, 10)
                            .map(i -> 10 - i)
                            .filter(i -> (chosen >> i & 1) == 1)
                            .forEach(i -> levels.add(few.level(i)));
                    levels.add(Level.CLEAN);
                    best = Math.min(best, total(offer, new Plan(levels, Spacing.TRAILING)));
                }
            }
            Setting setting = setting(offer, steps, Map.of());
            assertThat(total(offer, Methods.find("dp").orElseThrow().plan(setting)))
                    .isCloseTo(best, within(1e-12));
            even.add(total(offer, Methods.find("ddpm").orElseThrow().plan(setting)) - best);
        }
        // The control: even times are no such schedule, but for one step and for all.
        assertThat(even.subList(2, 9)).allSatisfy(more -> assertThat(more).isGreaterThan(1e-3));
    }

    @Test
    void chosenTimesHaveALowerBoundThanEvenOnesAndTheMoreStepsTheLower() {
        double before = Double.POSITIVE_INFINITY;
        for (int steps : new int[] {5, 10, 25, 50, 100}) {
            Plan chosen = plan("dp", steps);
            assertThat(chosen.steps()).isEqualTo(steps);
            assertThat(chosen.level(0).time()).isEqualTo(999);
            double bound = total(OFFER, chosen);
            assertThat(bound).isLessThan(total(OFFER, plan("ddpm", steps))).isLessThan(before);
            before = bound;
        }
    }

    /** It is an ordinary walk, along other times. */
    @Test
    void chosenTimesReachTheData() {
        assertThat(distance("dp", 250, Map.of())).isLessThan(3 * FLOOR);
        assertThat(distance("dp", 10, Map.of())).isGreaterThan(3 * FLOOR);
    }

    private static double total(Offer offer, Plan plan) {
        return IntStream.range(0, plan.steps())
                .mapToDouble(i -> {
                    Level from = plan.level(i);
                    Level to = plan.level(i + 1);
                    int index = (int) from.time();
                    Transition transition = Transition.between(from, to);
                    return to.clean()
                            ? offer.table("decoder-nll")[index]
                            : OptimalSchedule.bound(
                                    transition, transition.posterior(), offer.table("clean-error")[index]);
                })
                .sum();
    }
}
