package dev.safelight.common.sampling.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.sampling.Level;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NoiseScheduleTest {

    static Stream<NoiseSchedule> schedules() {
        return Stream.of(
                NoiseSchedule.linear(1000, 1e-4, 0.02),
                NoiseSchedule.scaledLinear(1000, 0.00085, 0.012),
                NoiseSchedule.squaredCosine(1000));
    }

    @Test
    void linearIsTheProductOfItsBetas() {
        NoiseSchedule schedule = NoiseSchedule.linear(3, 0.1, 0.3);

        assertThat(schedule.alphaBar(0)).isCloseTo(0.9, within(1e-15));
        assertThat(schedule.alphaBar(1)).isCloseTo(0.9 * 0.8, within(1e-15));
        assertThat(schedule.alphaBar(2)).isCloseTo(0.9 * 0.8 * 0.7, within(1e-15));
    }

    @Test
    void scaledLinearEndsWhereStableDiffusionDoes() {
        NoiseSchedule schedule = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012);

        assertThat(schedule.level(0).sigma()).isCloseTo(0.0292, within(1e-4));
        assertThat(schedule.level(999).sigma()).isCloseTo(14.6146, within(1e-4));
    }

    /** ᾱ telescopes to the squared cosine until β is clipped, which happens only in the last step. */
    @Test
    void squaredCosineFollowsItsFormula() {
        NoiseSchedule schedule = NoiseSchedule.squaredCosine(1000);

        assertThat(IntStream.range(0, 999)).allSatisfy(i -> {
            double f = Math.pow(Math.cos(((i + 1) / 1000.0 + 0.008) / 1.008 * Math.PI / 2), 2);
            double f0 = Math.pow(Math.cos(0.008 / 1.008 * Math.PI / 2), 2);
            assertThat(schedule.alphaBar(i)).isCloseTo(f / f0, within(1e-12));
        });
        assertThat(schedule.alphaBar(999)).isCloseTo(schedule.alphaBar(998) * 0.001, within(1e-15));
    }

    @ParameterizedTest
    @MethodSource("schedules")
    void signalFallsAndPowersAddUpToOne(NoiseSchedule schedule) {
        assertThat(IntStream.range(0, 1000)).allSatisfy(i -> {
            Level level = schedule.level(i);
            assertThat(level.signal() * level.signal() + level.noise() * level.noise())
                    .isCloseTo(1, within(1e-14));
            assertThat(level.time()).isEqualTo((double) i);
            assertThat(i == 0 || level.signal() < schedule.level(i - 1).signal())
                    .isTrue();
        });
    }

    @ParameterizedTest
    @MethodSource("schedules")
    void betweenTwoIndicesSigmaIsLinear(NoiseSchedule schedule) {
        Level level = schedule.level(499.25);

        assertThat(level.sigma())
                .isCloseTo(
                        0.75 * schedule.level(499).sigma()
                                + 0.25 * schedule.level(500).sigma(),
                        within(1e-12));
        assertThat(level.signal() * level.signal() + level.noise() * level.noise())
                .isCloseTo(1, within(1e-14));
    }
}
