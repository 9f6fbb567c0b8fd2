package dev.safelight.common.sampling.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Spacing;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ProcessTest {
    private static final VpDiffusion VP = VpDiffusion.published();
    private static final SubVpDiffusion SUB_VP = new SubVpDiffusion(0.1, 20, 1e-3, NetworkTime.OWN);
    private static final VeDiffusion VE = new VeDiffusion(0.01, 50, 1e-5, NetworkTime.OWN);
    private static final RectifiedFlow FLOW = new RectifiedFlow(1000, 1, NetworkTime.OWN);

    static Stream<SmoothProcess> smooth() {
        return Stream.of(VP, SUB_VP, VE, FLOW);
    }

    @ParameterizedTest
    @MethodSource("smooth")
    void ratesAreTheDerivatives(SmoothProcess process) {
        for (double t : new double[] {0.01, 0.2, 0.5, 0.9}) {
            double h = 1e-6;
            assertThat(process.signalRate(t))
                    .isCloseTo((process.signal(t + h) - process.signal(t - h)) / (2 * h), within(1e-5));
            assertThat(process.noiseRate(t))
                    .isCloseTo(
                            (process.noise(t + h) - process.noise(t - h)) / (2 * h),
                            within(1e-5 * (1 + process.noiseRate(t))));
        }
    }

    @ParameterizedTest
    @MethodSource("smooth")
    void timeFollowsFromSigma(SmoothProcess process) {
        for (double t : new double[] {0.002, 0.01, 0.3, 0.77, 0.999}) {
            assertThat(process.timeOf(process.level(t))).isCloseTo(t, within(1e-9));
            assertThat(process.atSigma(process.level(t).sigma()).signal()).isCloseTo(process.signal(t), within(1e-9));
        }
    }

    /** The closed forms of Song et al. 2021, §3.4: drift −½β, g² = β, β(1 − e^{−2∫β}) and 2σ² ln(σ_max/σ_min). */
    @Test
    void theSdeHasThePublishedDriftAndDiffusion() {
        for (double t : new double[] {0.01, 0.4, 0.95}) {
            double beta = 0.1 + 19.9 * t;
            double integral = 0.1 * t + 0.5 * 19.9 * t * t;
            assertThat(VP.drift(t)).isCloseTo(-beta / 2, within(1e-12));
            assertThat(VP.diffusion(t)).isCloseTo(beta, within(1e-9));
            assertThat(SUB_VP.drift(t)).isCloseTo(-beta / 2, within(1e-12));
            assertThat(SUB_VP.diffusion(t)).isCloseTo(beta * -Math.expm1(-2 * integral), within(1e-9));
            assertThat(VE.drift(t)).isZero();
            double sigma = 0.01 * Math.pow(5000, t);
            assertThat(VE.diffusion(t))
                    .isCloseTo(2 * sigma * sigma * Math.log(5000), within(1e-9 * sigma * sigma * 20));
        }
    }

    /** s = 1 − a² and not √(1 − a²). */
    @Test
    void subVpHasLessNoiseThanVp() {
        Level level = SUB_VP.level(0.2);
        assertThat(level.noise()).isCloseTo(1 - level.signal() * level.signal(), within(1e-15));
        assertThat(level.noise()).isLessThan(VP.level(0.2).noise());
        assertThat(level.variancePreserving()).isFalse();
        assertThat(VP.level(0.2).variancePreserving()).isTrue();
    }

    @Test
    void nodesGoFromOneToTheLowestTime() {
        List<Level> nodes = VP.spaced(Spacing.LEADING, 5, Spacing.Grid.WHOLE);
        assertThat(nodes)
                .extracting(Level::time)
                .hasSize(5)
                .startsWith(1.0, 0.75025, 0.5005)
                .endsWith(0.001);
        assertThat(VP.spaced(Spacing.LEADING, 1, Spacing.Grid.WHOLE))
                .extracting(Level::time)
                .containsExactly(1.0);
    }

    @Test
    void aNetworkIsToldWhatItWasTrainedWith() {
        assertThat(new VpDiffusion(0.1, 20, 1e-3, new NetworkTime(NetworkTime.Quantity.TIME, 999))
                        .level(0.5)
                        .time())
                .isEqualTo(499.5);
        assertThat(new VeDiffusion(0.01, 50, 1e-5, new NetworkTime(NetworkTime.Quantity.SIGMA, 1))
                        .level(1)
                        .time())
                .isCloseTo(50, within(1e-9));
        assertThat(new VeDiffusion(0.01, 50, 1e-5, new NetworkTime(NetworkTime.Quantity.LOG_SIGMA, 0.25))
                        .level(1)
                        .time())
                .isCloseTo(Math.log(50) / 4, within(1e-12));
    }

    @Test
    void aLadderIsGeometric() {
        SigmaLadder ladder = SigmaLadder.geometric(232, 0.01, 50, NetworkTime.OWN);
        assertThat(ladder.lowestSigma()).isCloseTo(0.01, within(1e-12));
        assertThat(ladder.highestSigma()).isCloseTo(50, within(1e-9));
        assertThat(ladder.level(1).noise() / ladder.level(0).noise())
                .isCloseTo(ladder.level(231).noise() / ladder.level(230).noise(), within(1e-9));
        Level between = ladder.atSigma(0.3);
        assertThat(ladder.level(between.time()).noise()).isCloseTo(0.3, within(1e-9));
    }

    @Test
    void aFlowsShiftMultipliesSigma() {
        List<Level> plain = FLOW.spaced(Spacing.LEADING, 10, Spacing.Grid.WHOLE);
        List<Level> shifted = FLOW.withShift(3).spaced(Spacing.LEADING, 10, Spacing.Grid.WHOLE);
        assertThat(shifted.getFirst().noise()).isEqualTo(1);
        assertThat(IntStream.range(1, 10))
                .allSatisfy(i -> assertThat(shifted.get(i).sigma())
                        .isCloseTo(
                                3 * plain.get(i).sigma(),
                                within(1e-12 + 1e-12 * plain.get(i).sigma())));
    }

    /** A picture twice as wide is as noisy, seen from afar, as one of the first size at twice the σ̂. */
    @Test
    void aDiscreteShiftIsThatOfTheLogSignalToNoiseRatio() {
        NoiseSchedule plain = NoiseSchedule.squaredCosine(1000);
        NoiseSchedule shifted = plain.withShift(2);
        assertThat(IntStream.range(0, 1000))
                .allSatisfy(i -> assertThat(2 * shifted.level(i).lambda()
                                - 2 * plain.level(i).lambda())
                        .isCloseTo(-2 * Math.log(2), within(1e-9)));
    }

    @Test
    void zeroTerminalSnrLeavesNoSignalAndKeepsTheFirstLevel() {
        NoiseSchedule plain = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012);
        NoiseSchedule rescaled = plain.withZeroTerminalSnr();
        assertThat(rescaled.alphaBar(999)).isZero();
        assertThat(rescaled.alphaBar(0)).isCloseTo(plain.alphaBar(0), within(1e-15));
        assertThat(IntStream.range(1, 1000))
                .allSatisfy(i -> assertThat(rescaled.alphaBar(i)).isLessThan(rescaled.alphaBar(i - 1)));
        assertThat(rescaled.highestSigma()).isCloseTo(4096, within(1.0));
        assertThat(rescaled.level(998.5).sigma()).isFinite();
    }

    /** ᾱ is the product of 1 − β, so the variance at u₀ is divided out (Xiao et al. 2022). */
    @Test
    void aDiffusionGanHasFewLargeSteps() {
        NoiseSchedule schedule = NoiseSchedule.diffusionGan(4, 0.1, 20);
        assertThat(schedule.steps()).isEqualTo(4);
        assertThat(schedule.alphaBar(3)).isCloseTo(Math.pow(VP.signal(1) / VP.signal(1e-3), 2), within(1e-12));
        assertThat(schedule.alphaBar(0))
                .isCloseTo(Math.pow(VP.signal(1e-3 + 0.999 / 4) / VP.signal(1e-3), 2), within(1e-12));
    }

    @Test
    void leadingSpacingCanCountFromOne() {
        NoiseSchedule schedule =
                NoiseSchedule.scaledLinear(1000, 0.00085, 0.012).withOffset(1);
        assertThat(schedule.spaced(Spacing.LEADING, 4, Spacing.Grid.WHOLE))
                .extracting(Level::time)
                .containsExactly(751.0, 501.0, 251.0, 1.0);
        assertThat(schedule.endingAtFirst().end()).isEqualTo(schedule.level(0));
        assertThat(schedule.end()).isEqualTo(Level.CLEAN);
    }
}
