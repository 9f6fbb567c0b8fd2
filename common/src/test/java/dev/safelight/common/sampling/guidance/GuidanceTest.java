package dev.safelight.common.sampling.guidance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.guidance.Guidance.Interval;
import java.util.List;
import org.junit.jupiter.api.Test;

class GuidanceTest {
    private static final float[] CONDITIONAL = {0.1f, -2f, 3f};
    private static final float[] NULL = {0.3f, 1f, -5f};
    private static final Level LEVEL = new Level(500, 0.6, 0.8);

    @Test
    void aWeightOfOneOrZeroNeedsOneConditionAndIsItBitForBit() {
        assertThat(Guidance.classifierFree(1).conditions(LEVEL)).containsExactly(0);
        assertThat(Guidance.classifierFree(0).conditions(LEVEL)).containsExactly(1);
        assertThat(Guidance.classifierFree(1).combine(LEVEL, List.of(CONDITIONAL)))
                .isSameAs(CONDITIONAL);
        assertThat(Guidance.classifierFree(0).combine(LEVEL, List.of(NULL))).isSameAs(NULL);
    }

    @Test
    void otherWeightsExtrapolateFromTheNullCondition() {
        assertThat(Guidance.classifierFree(2).conditions(LEVEL)).containsExactly(0, 1);
        assertThat(Guidance.classifierFree(2).combine(LEVEL, List.of(CONDITIONAL, NULL)))
                .containsExactly((float) (2.0 * 0.1f - 0.3f), -5f, 11f);
    }

    /** E₀ + g(w₁(E₁ − E₀) + w₂(E₂ − E₀)). */
    @Test
    void severalConditionsAddUp() {
        float[] other = {1, 1, 1};
        Guidance guidance = Guidance.of(new double[] {0.5, 1.5}, 2, Interval.ALWAYS, 0);

        float[] combined = guidance.combine(LEVEL, List.of(CONDITIONAL, other, NULL));

        for (int i = 0; i < 3; i++) {
            double expected = NULL[i] + 2 * (0.5 * (CONDITIONAL[i] - NULL[i]) + 1.5 * (other[i] - NULL[i]));
            assertThat((double) combined[i]).isCloseTo(expected, within(1e-5));
        }
    }

    @Test
    void outsideItsIntervalThereIsNoGuidance() {
        Guidance guidance = Guidance.of(new double[] {1}, 5, new Interval(2, 10), 0);

        assertThat(guidance.conditions(new Level(0, 1, 1.99))).containsExactly(0);
        assertThat(guidance.conditions(new Level(0, 1, 2))).containsExactly(0, 1);
        assertThat(guidance.conditions(new Level(0, 1, 10))).containsExactly(0, 1);
        assertThat(guidance.conditions(new Level(0, 1, 10.1))).containsExactly(0);
    }

    /** Wholly rescaled, the guided answer has the deviation of the conditional one; half, the mean of both factors. */
    @Test
    void rescalingBringsBackTheContrast() {
        Guidance plain = Guidance.of(new double[] {1}, 7.5, Interval.ALWAYS, 0);
        Guidance whole = Guidance.of(new double[] {1}, 7.5, Interval.ALWAYS, 1);
        Guidance half = Guidance.of(new double[] {1}, 7.5, Interval.ALWAYS, 0.5);
        List<float[]> outputs = List.of(CONDITIONAL, NULL);

        float[] guided = plain.combine(LEVEL, outputs);
        float[] rescaled = whole.combine(LEVEL, outputs);

        assertThat(deviation(rescaled)).isCloseTo(deviation(CONDITIONAL), within(1e-5));
        assertThat(deviation(guided)).isGreaterThan(2 * deviation(CONDITIONAL));
        for (int i = 0; i < 3; i++) {
            assertThat(half.combine(LEVEL, outputs)[i]).isCloseTo((guided[i] + rescaled[i]) / 2, within(1e-4f));
        }
    }

    @Test
    void anAnswerWithoutContrastIsLeftAlone() {
        float[] flat = {2, 2, 2};
        assertThat(Guidance.of(new double[] {1}, 3, Interval.ALWAYS, 1).combine(LEVEL, List.of(flat, flat)))
                .containsExactly(2, 2, 2);
    }

    private static double deviation(float[] x) {
        double mean = (x[0] + x[1] + x[2]) / 3.0;
        return Math.sqrt((Math.pow(x[0] - mean, 2) + Math.pow(x[1] - mean, 2) + Math.pow(x[2] - mean, 2)) / 2);
    }
}
