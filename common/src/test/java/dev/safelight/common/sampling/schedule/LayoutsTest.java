package dev.safelight.common.sampling.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.sampling.Layout;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Settings;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.degrade.Desaturate;
import dev.safelight.common.sampling.degrade.Shape;
import dev.safelight.common.sampling.sampler.Methods;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LayoutsTest {
    private static final NoiseSchedule SCHEDULE = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012);

    private static Plan plan(Layout layout, Process process, Spacing spacing, int steps, Map<String, Object> options) {
        return layout.plan(Settings.of(process, spacing, steps, options));
    }

    /** The lowest level of each solver's ten Karras levels; multistep solvers span the whole training table. */
    @ParameterizedTest
    @CsvSource({"multistep, leading, 0.0292", "fractional, leading, 0.0413", "fractional, trailing, 0.3417"})
    void karrasLevelsEndWhereTheReferencesDo(String layout, String spacing, double lowest) {
        Plan plan = plan(
                layout.equals("multistep") ? Layouts.multistep(true) : Layouts.FRACTIONAL,
                SCHEDULE.withOffset(1),
                Spacing.find(spacing).orElseThrow(),
                10,
                Map.of("sigmas", "karras"));
        assertThat(plan.level(9).sigma()).isCloseTo(lowest, within(6e-5));
        assertThat(plan.level(10)).isEqualTo(Level.CLEAN);
    }

    @Test
    void karrasLevelsAreEvenInTheSeventhRoot() {
        Plan plan = plan(Layouts.multistep(true), SCHEDULE, Spacing.LEADING, 8, Map.of("sigmas", "karras"));
        double[] roots = IntStream.range(0, 8)
                .mapToDouble(i -> Math.pow(plan.level(i).sigma(), 1.0 / 7))
                .toArray();
        for (int i = 1; i < 7; i++) {
            assertThat(roots[i + 1] - roots[i]).isCloseTo(roots[1] - roots[0], within(1e-9));
        }
        assertThat(plan.level(0).sigma()).isCloseTo(SCHEDULE.highestSigma(), within(1e-9));
        assertThat(IntStream.range(0, 8).mapToDouble(i -> plan.level(i).time()))
                .allSatisfy(time -> assertThat(time).isEqualTo(Math.rint(time)));
    }

    @Test
    void exponentialLevelsAreEvenInTheLogarithm() {
        Plan plan = plan(Layouts.FRACTIONAL, SCHEDULE, Spacing.TRAILING, 8, Map.of("sigmas", "exponential"));
        double ratio = plan.level(1).sigma() / plan.level(0).sigma();
        for (int i = 1; i < 7; i++) {
            assertThat(plan.level(i + 1).sigma() / plan.level(i).sigma()).isCloseTo(ratio, within(1e-9));
        }
    }

    /** Which solver rounds the times of Karras's levels, and on which schedule. */
    @Test
    void onlyTheSquaredCosineKeepsFractionsAndOnlyWithDpmSolver() {
        NoiseSchedule cosine = NoiseSchedule.squaredCosine(1000);
        Map<String, Object> karras = Map.of("sigmas", "karras");
        assertThat(whole(plan(Layouts.multistep(false), SCHEDULE, Spacing.LEADING, 9, karras)))
                .isTrue();
        assertThat(whole(plan(Layouts.multistep(true), cosine, Spacing.LEADING, 9, karras)))
                .isTrue();
        assertThat(whole(plan(Layouts.multistep(false), cosine, Spacing.LEADING, 9, karras)))
                .isFalse();
        assertThat(whole(plan(Layouts.FRACTIONAL, SCHEDULE, Spacing.LEADING, 9, karras)))
                .isFalse();
    }

    private static boolean whole(Plan plan) {
        return plan.levels().stream().allMatch(level -> level.time() == Math.rint(level.time()));
    }

    @Test
    void explicitTimesTakeThePlaceOfASpacing() {
        Map<String, Object> times = Map.of("timesteps", List.of(999, 500, 20));
        for (Layout layout : List.of(Layouts.TRAINING, Layouts.FRACTIONAL, Layouts.multistep(true))) {
            assertThat(plan(layout, SCHEDULE, Spacing.LEADING, 3, times).levels())
                    .extracting(Level::time)
                    .containsExactly(999.0, 500.0, 20.0, -1.0);
        }
    }

    @Test
    void timesThatCannotBeAreRefused() {
        refused(Layouts.TRAINING, List.of(20, 500), "fall");
        refused(Layouts.TRAINING, List.of(500, 500), "fall");
        refused(Layouts.TRAINING, List.of(1000), "not 1000");
        refused(Layouts.TRAINING, List.of(10.5), "not 10.5");
        assertThat(plan(Layouts.FRACTIONAL, SCHEDULE, Spacing.LEADING, 1, Map.of("timesteps", List.of(10.5)))
                        .level(0)
                        .time())
                .isEqualTo(10.5);
        assertThatThrownBy(() -> plan(
                        Layouts.FRACTIONAL,
                        SCHEDULE,
                        Spacing.LEADING,
                        1,
                        Map.of("timesteps", List.of(10), "sigmas", "karras")))
                .hasMessageContaining("exclude");
    }

    /** Index i of a degradation has i + 1 operators. */
    @Test
    void aDegradationTakesSomeOfItsDegrees() {
        Process cold = new ColdProcess(new Desaturate(new Shape(3, 2, 2), 10));
        assertThat(plan(Layouts.TRAINING, cold, Spacing.LEADING, 3, Map.of("timesteps", List.of(9, 4, 0)))
                        .levels())
                .containsExactly(new Level(9, 1, 10), new Level(4, 1, 5), new Level(0, 1, 1), Level.CLEAN);
        List<Integer> all = IntStream.range(0, 10).mapToObj(i -> 9 - i).toList();
        assertThat(plan(Layouts.TRAINING, cold, Spacing.TRAILING, 10, Map.of("timesteps", all)))
                .isEqualTo(plan(Layouts.TRAINING, cold, Spacing.TRAILING, 10, Map.of()));
        refused(Layouts.TRAINING, cold, List.of(10), "not 10");
        refused(Layouts.TRAINING, cold, List.of(4.5), "not 4.5");
    }

    @Test
    void aNetworkIsAskedWhereItWasTrained() {
        Process indexed = SigmaLadder.geometric(40, 0.01, 5, NetworkTime.OWN);
        refused(Layouts.TRAINING, indexed, List.of(7.5), "not 7.5");
        refused(Layouts.TRAINING, indexed, List.of(40), "not 40");
        // A network that is told sigma knows what lies between.
        Process told = SigmaLadder.geometric(40, 0.01, 5, new NetworkTime(NetworkTime.Quantity.SIGMA, 1));
        assertThat(plan(Layouts.TRAINING, told, Spacing.LEADING, 1, Map.of("timesteps", List.of(7.5)))
                        .level(0)
                        .sigma())
                .isBetween(told.level(7).sigma(), told.level(8).sigma());
        refused(Layouts.TRAINING, VpDiffusion.published(), List.of(1e-4), "not 1.0E-4");
        refused(Layouts.TRAINING, VpDiffusion.published(), List.of(1.5), "not 1.5");
    }

    /** What would be passed over in silence is refused. */
    @Test
    void onlyOneThingSaysWhereTheStepsAre() {
        Process flow = new RectifiedFlow(1000, 1, NetworkTime.OWN);
        Map<String, Object> shifted = Map.of("timesteps", List.of(0.9, 0.5), "shift", 3);
        assertThatThrownBy(() ->
                        Methods.find("flow-euler").orElseThrow().plan(Settings.of(flow, Spacing.TRAILING, 2, shifted)))
                .hasMessageContaining("timesteps and shift exclude");
        Map<String, Object> optimal = Map.of("timesteps", List.of(900, 500), "trajectory", "optimal");
        assertThatThrownBy(() -> Methods.find("analytic-ddpm")
                        .orElseThrow()
                        .plan(Settings.of(SCHEDULE, Spacing.TRAILING, 2, optimal)))
                .hasMessageContaining("timesteps and trajectory exclude");
    }

    private static void refused(Layout layout, List<Number> times, String because) {
        refused(layout, SCHEDULE, times, because);
    }

    private static void refused(Layout layout, Process process, List<Number> times, String because) {
        assertThatThrownBy(() -> plan(layout, process, Spacing.LEADING, times.size(), Map.of("timesteps", times)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(because);
    }

    @Test
    void withoutSignalSolversStartFromAFaintOneAndStillTellTheLastIndex() {
        NoiseSchedule zero = SCHEDULE.withZeroTerminalSnr();
        for (Layout layout : List.of(Layouts.FRACTIONAL, Layouts.multistep(true))) {
            Plan plan = plan(layout, zero, Spacing.TRAILING, 10, Map.of());
            assertThat(plan.level(0).time()).isEqualTo(999);
            assertThat(plan.level(0).signal()).isEqualTo(0x1p-12);
            assertThat(plan.level(0).lambda()).isFinite();
        }
        assertThat(plan(Layouts.TRAINING, zero, Spacing.TRAILING, 10, Map.of())
                        .level(0)
                        .signal())
                .isZero();
    }

    @Test
    void someSamplersNeedMoreThanOneStep() {
        assertThatThrownBy(() -> plan(Layouts.atLeast(2, Layouts.TRAINING), SCHEDULE, Spacing.LEADING, 1, Map.of()))
                .hasMessageContaining("at least 2");
    }
}
