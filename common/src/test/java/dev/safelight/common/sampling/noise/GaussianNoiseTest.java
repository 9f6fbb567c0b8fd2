package dev.safelight.common.sampling.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.sampling.Noise;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GaussianNoiseTest {
    private static final int MANY = 200_000;

    @Test
    void hasTheMomentsOfTheNormalLaw() {
        float[] draws = new GaussianNoise(11).unit(Noise.STEP, 3, MANY);

        // Four standard errors of each sample moment.
        double error = 4 / Math.sqrt(MANY);
        assertThat(moment(draws, 1)).isCloseTo(0, within(error));
        assertThat(moment(draws, 2)).isCloseTo(1, within(error * Math.sqrt(2)));
        assertThat(moment(draws, 3)).isCloseTo(0, within(error * Math.sqrt(15)));
        assertThat(moment(draws, 4)).isCloseTo(3, within(error * Math.sqrt(96)));
    }

    @Test
    void drawsAreAsCloseToTheNormalLawAsDrawsCanBe() {
        float[] draws = new GaussianNoise(4).unit(Noise.START, 0, MANY);
        Arrays.sort(draws);

        double distance = IntStream.range(0, MANY)
                .mapToDouble(i -> Math.abs(NormalLaw.cumulative(draws[i]) - (i + 0.5) / MANY))
                .max()
                .orElseThrow();

        // Kolmogorov's statistic exceeds 1.95/sqrt(n) once in a thousand samples.
        assertThat(distance).isLessThan(1.95 / Math.sqrt(MANY));
    }

    @Test
    void everyCoordinateMatters() {
        float[] draws = new GaussianNoise(1).unit(Noise.STEP, 1, 64);

        List<float[]> others = List.of(
                new GaussianNoise(2).unit(Noise.STEP, 1, 64),
                new GaussianNoise(1L + (1L << 32)).unit(Noise.STEP, 1, 64),
                new GaussianNoise(1).unit(Noise.START, 1, 64),
                new GaussianNoise(1).unit(Noise.STEP, 2, 64));

        assertThat(new GaussianNoise(1).unit(Noise.STEP, 1, 64)).isEqualTo(draws);
        assertThat(others)
                .allSatisfy(other -> assertThat(correlation(draws, other)).isBetween(-0.6, 0.6));
    }

    @Test
    void aDrawDoesNotDependOnHowManyAreAskedFor() {
        float[] many = new GaussianNoise(9).unit(Noise.STEP, 0, 103);

        assertThat(IntStream.range(0, 103))
                .allSatisfy(size -> assertThat(new GaussianNoise(9).unit(Noise.STEP, 0, size))
                        .isEqualTo(Arrays.copyOf(many, size)));
    }

    private static double moment(float[] values, int power) {
        return IntStream.range(0, values.length)
                .mapToDouble(i -> Math.pow(values[i], power))
                .average()
                .orElseThrow();
    }

    private static double correlation(float[] a, float[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum() / a.length;
    }
}
