package dev.safelight.common.sampling.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.bundle.Offers;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Offer;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Transition;
import dev.safelight.common.sampling.Values;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What {@code dp} makes of the tables that {@code models/fashion} ships, against even steps (Watson et al. 2021, table 1), and
 * {@code analytic-ddpm} of its variance, against fixed ones (Bao et al. 2022).
 */
class ShippedScheduleTest {
    private static final int FEWEST = 5;
    private static final int MOST = 50;

    private static final Offer SHIPPED =
            Offers.of(BundleReader.read(Path.of(System.getProperty("safelight.root"), "models", "fashion")));

    @ParameterizedTest
    @ValueSource(strings = {"small", "large"})
    void theBoundIsBelowThatOfEvenStepsForEveryNumberOfSteps(String variance) {
        double before = Double.POSITIVE_INFINITY;
        for (int steps = FEWEST; steps <= MOST; steps++) {
            Plan chosen = chosen(SHIPPED, steps, variance);
            double bound = bound(chosen, variance);
            double even = bound(even(steps), variance);
            if (List.of(5, 10, 25, 50).contains(steps)) {
                System.out.printf(
                        Locale.ROOT,
                        "%s variance, %d steps: dp %.3f, even %.3f bits for each number%n",
                        variance,
                        steps,
                        bound / Math.log(2),
                        even / Math.log(2));
            }
            assertThat(bound).as("dp in %d steps", steps).isLessThan(even).isLessThan(before);
            before = bound;
        }
    }

    /** A table read an index off, or a node left out, would still beat even steps: so no single time may be moved either. */
    @ParameterizedTest
    @ValueSource(strings = {"small", "large"})
    void noTimeCanBeMovedForTheBetter(String variance) {
        for (int steps : new int[] {FEWEST, 10, 25, MOST}) {
            Plan chosen = chosen(SHIPPED, steps, variance);
            double bound = bound(chosen, variance);
            for (int k = 1; k < steps; k++) {
                for (int by : new int[] {-1, 1}) {
                    int time = (int) chosen.level(k).time() + by;
                    boolean between = time < chosen.level(k - 1).time()
                            && time > chosen.level(k + 1).time();
                    if (between) {
                        List<Level> moved = new ArrayList<>(chosen.levels());
                        moved.set(k, SHIPPED.process().level(time));
                        assertThat(bound(new Plan(moved, Spacing.TRAILING), variance))
                                .as("step %d of %d, moved by %d", k, steps, by)
                                .isGreaterThanOrEqualTo(bound - 1e-12);
                    }
                }
            }
        }
    }

    /** Bao et al. 2022: whatever the number of steps, no other variance explains the data as well. */
    @Test
    void theOptimalVarianceHasABetterBoundThanBothFixedOnesForEveryNumberOfSteps() {
        for (int steps = FEWEST; steps <= MOST; steps++) {
            assertThat(boundOfOptimal(SHIPPED.table("noise-power"), steps))
                    .as("%d steps", steps)
                    .isLessThan(bound(even(steps), "small"))
                    .isLessThan(bound(even(steps), "large"));
        }
    }

    /** The control: were the table wrong by a factor of two either way, the variance made of it would be worse. */
    @ParameterizedTest
    @ValueSource(doubles = {0.5, 2})
    void moreOrLessVarianceThanTheTableSaysIsWorse(double factor) {
        double[] table = SHIPPED.table("noise-power");
        double[] other =
                Arrays.stream(table).map(power -> 1 - factor * (1 - power)).toArray();
        for (int steps = FEWEST; steps <= MOST; steps++) {
            assertThat(boundOfOptimal(other, steps)).as("%d steps", steps).isGreaterThan(boundOfOptimal(table, steps));
        }
    }

    private static double boundOfOptimal(double[] table, int steps) {
        AnalyticDpm optimal = new AnalyticDpm(table, true, 2);
        return bound(even(steps), step -> optimal.variance(step, step.posterior()));
    }

    /** The control: the same search over tables that are not the model's loses to even steps under the model's. */
    @Test
    void timesChosenForOtherTablesAreWorseThanEvenSteps() {
        Offer other = SHIPPED.with("clean-error", reversed(SHIPPED.table("clean-error")))
                .with("decoder-nll", reversed(SHIPPED.table("decoder-nll")));
        assertThat(IntStream.rangeClosed(FEWEST, MOST)
                        .filter(steps -> bound(chosen(other, steps, "small"), "small") > bound(even(steps), "small")))
                .as("step counts at which the wrong tables lose")
                .hasSizeGreaterThan((MOST - FEWEST) / 2);
    }

    private static double[] reversed(double[] table) {
        return IntStream.range(0, table.length)
                .mapToDouble(i -> table[table.length - 1 - i])
                .toArray();
    }

    private static Plan chosen(Offer offer, int steps, String variance) {
        return plan("dp", offer, steps, Map.of("dp_variance", variance));
    }

    private static Plan even(int steps) {
        return plan("ddpm", SHIPPED, steps, Map.of());
    }

    private static Plan plan(String sampler, Offer offer, int steps, Map<String, Object> options) {
        return Methods.find(sampler)
                .orElseThrow()
                .plan(new Setting(offer, steps, Spacing.TRAILING, new Values(options)));
    }

    /** Nats for each number of a picture under the model's own tables; without the last level's own, the same for all. */
    private static double bound(Plan plan, String variance) {
        return bound(plan, variance.equals("small") ? Transition::posterior : Transition::beta);
    }

    private static double bound(Plan plan, ToDoubleFunction<Transition> variance) {
        assertThat(plan.level(0).time()).isEqualTo(999);
        assertThat(plan.levels().getLast().clean()).isTrue();
        double sum = 0;
        for (int i = 0; i < plan.steps(); i++) {
            int from = (int) plan.level(i).time();
            Transition transition = Transition.between(plan.level(i), plan.level(i + 1));
            // Written out once more, from the paper: what is under test is not what tests.
            double v = variance.applyAsDouble(transition);
            double weight = plan.level(i + 1).signal()
                    * transition.beta()
                    / (plan.level(i).noise() * plan.level(i).noise());
            sum += plan.level(i + 1).clean()
                    ? SHIPPED.table("decoder-nll")[from]
                    : 0.5 * (transition.posterior() / v - 1 + Math.log(v / transition.posterior()))
                            + weight * weight * SHIPPED.table("clean-error")[from] / (2 * v);
        }
        return sum;
    }
}
