package dev.safelight.common.sampling.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.sampling.Noise;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GammaNoiseTest {
    private static final int SIZE = 40_000;
    private static final Noise SOURCE = new GaussianNoise(11);

    /** Gamma laws have skewness 2/√k. */
    @ParameterizedTest
    @ValueSource(doubles = {0.19, 0.6, 1, 4, 11.5, 400})
    void hasTheMomentsOfAGammaLaw(double shape) {
        float[] draws = new GammaNoise(SOURCE, shape).unit(Noise.STEP, 3, SIZE);

        double skewness = 2 / Math.sqrt(shape);
        double kurtosis = 3 + 6 / shape;
        assertThat(moment(draws, 1)).isCloseTo(0, within(4 / Math.sqrt(SIZE)));
        assertThat(moment(draws, 2)).isCloseTo(1, within(4 * Math.sqrt((kurtosis - 1) / SIZE)));
        // The sixth moment bounds the error of the third; for these shapes it is below 15 + 130/k + 120/k².
        double sixth = 15 + 130 / shape + 120 / (shape * shape);
        assertThat(moment(draws, 3)).isCloseTo(skewness, within(4 * Math.sqrt(sixth / SIZE)));
    }

    /** The exponential law is known in closed form; the control is normal noise, and a Gamma law of another shape. */
    @Test
    void followsTheLawAndNotAnother() {
        assertThat(kolmogorovSmirnov(new GammaNoise(SOURCE, 1))).isLessThan(1.63 / Math.sqrt(SIZE));

        assertThat(kolmogorovSmirnov(SOURCE)).isGreaterThan(5 * 1.63 / Math.sqrt(SIZE));
        assertThat(kolmogorovSmirnov(new GammaNoise(SOURCE, 1.3))).isGreaterThan(1.63 / Math.sqrt(SIZE));
    }

    private static double kolmogorovSmirnov(Noise noise) {
        float[] sorted = noise.unit(Noise.STEP, 0, SIZE);
        Arrays.sort(sorted);
        return IntStream.range(0, SIZE)
                .mapToDouble(i -> Math.abs((i + 0.5) / SIZE - exponential(sorted[i] + 1)))
                .max()
                .orElseThrow();
    }

    private static double exponential(double x) {
        return x < 0 ? 0 : -Math.expm1(-x);
    }

    @Test
    void aVeryLargeShapeIsNormal() {
        assertThat(new GammaNoise(SOURCE, 2e6).unit(Noise.STEP, 0, 10)).isEqualTo(SOURCE.unit(Noise.STEP, 0, 10));
    }

    @Test
    void aDrawDependsOnNothingButItsCoordinates() {
        Noise noise = new GammaNoise(SOURCE, 0.7);

        assertThat(noise.unit(Noise.STEP, 5, 100)).isEqualTo(Arrays.copyOf(noise.unit(Noise.STEP, 5, 500), 100));
        assertThat(noise.unit(Noise.STEP, 5, 100)).isNotEqualTo(noise.unit(Noise.STEP, 6, 100));
        assertThat(noise.unit(Noise.STEP, 5, 100)).isNotEqualTo(noise.unit(Noise.START, 5, 100));
    }

    @Test
    void uniformDrawsAreUniform() {
        float[] sorted = SOURCE.uniform(Noise.STEP, 0, SIZE);
        Arrays.sort(sorted);

        assertThat(sorted[0]).isPositive();
        assertThat(IntStream.range(0, SIZE)
                        .mapToDouble(i -> Math.abs((i + 0.5) / SIZE - sorted[i]))
                        .max()
                        .orElseThrow())
                .isLessThan(1.63 / Math.sqrt(SIZE));
    }

    private static double moment(float[] values, int power) {
        return IntStream.range(0, values.length)
                .mapToDouble(i -> Math.pow(values[i], power))
                .average()
                .orElseThrow();
    }
}
