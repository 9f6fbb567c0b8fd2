package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Offer;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Transition;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.sampler.AnalyticDpm;
import dev.safelight.common.sampling.sampler.Methods;
import dev.safelight.common.sampling.sampler.OptimalSchedule;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Networks;
import java.util.Map;
import java.util.function.ToDoubleBiFunction;
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

    private static Setting setting(int steps, Map<String, Object> options) {
        return new Setting(OFFER, steps, Spacing.TRAILING, new Values(options));
    }

    /** (1 − ᾱ)/ᾱ · (1 − Γ) = E Var[x0 | x] (Bao et al. 2022, lemma 2). */
    @Test
    void thePowerOfTheNoiseTellsTheVarianceThatIsLeft() {
        for (int i : new int[] {0, 10, 200, 500, 999}) {
            double sigma = SCHEDULE.level(i).sigma();
            assertThat(sigma * sigma * (1 - POWER[i])).isCloseTo(ERROR[i], within(1e-7));
        }
    }

    /** Sum over the steps of the bound, but for the decoder's part, which is the same for all three. */
    @Test
    void theOptimalVarianceHasTheSmallestDivergenceThenTheLargeThenTheSmall() {
        AnalyticDpm analytic = new AnalyticDpm(POWER, true, 1e9);
        double optimal = divergence(transition -> analytic.variance(transition, transition.posterior()));
        double large = divergence(Transition::beta);
        double small = divergence(Transition::posterior);

        assertThat(optimal).isLessThan(large);
        assertThat(large).isLessThan(small);
    }

    private static double divergence(java.util.function.ToDoubleFunction<Transition> variance) {
        Plan plan = Methods.find("ddpm").orElseThrow().plan(setting(10, Map.of()));
        return IntStream.range(0, plan.steps() - 1)
                .mapToObj(i -> Transition.between(plan.level(i), plan.level(i + 1)))
                .mapToDouble(transition -> OptimalSchedule.bound(
                        transition,
                        variance.applyAsDouble(transition),
                        ERROR[(int) transition.from().time()]))
                .sum();
    }

    @Test
    void withFewStepsTheOptimalVarianceComesClosestToTheData() {
        double optimal = distance("analytic-ddpm", 25, Map.of());
        double small = distance("ddpm", 25, Map.of("variance", "small"));
        double large = distance("ddpm", 25, Map.of("variance", "large"));
        assertThat(optimal).isLessThan(0.9 * large).isLessThan(0.5 * small);
        assertThat(distance("analytic-ddim", 25, Map.of())).isLessThan(0.9 * distance("ddim", 25, Map.of()));
    }

    private double distance(String method, int steps, Map<String, Object> options) {
        Rig rig = new Rig(
                batcher,
                new Networks.RowWise(8, DATA.network(Prediction.EPSILON, SCHEDULE::level)),
                Prediction.EPSILON);
        return DATA.distance(rig.sample(method, setting(steps, options), new GaussianNoise(1), SAMPLES));
    }

    @Test
    void chosenTimesHaveALowerBoundThanEvenOnes() {
        for (int steps : new int[] {10, 25}) {
            Plan chosen = Methods.find("dp").orElseThrow().plan(setting(steps, Map.of()));
            Plan even = Methods.find("ddpm").orElseThrow().plan(setting(steps, Map.of()));
            assertThat(chosen.steps()).isEqualTo(steps);
            assertThat(chosen.level(0).time()).isEqualTo(999);
            assertThat(total(chosen)).isLessThan(total(even));
        }
    }

    private static double total(Plan plan) {
        return IntStream.range(0, plan.steps())
                .mapToDouble(i -> {
                    Level from = plan.level(i);
                    Level to = plan.level(i + 1);
                    int index = (int) from.time();
                    Transition transition = Transition.between(from, to);
                    return to.clean()
                            ? OFFER.table("decoder-nll")[index]
                            : OptimalSchedule.bound(transition, transition.posterior(), ERROR[index]);
                })
                .sum();
    }
}
