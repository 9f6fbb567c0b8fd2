package dev.safelight.common.sampling.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.sampling.Noise;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MixtureNoiseTest {
    private static final int SIZE = 40_000;

    @Test
    void isBroughtToZeroMeanAndUnitVarianceAndKeepsItsShape() {
        float[] draws = MixtureNoise.of(new GaussianNoise(4), new double[] {3, -2, 0.5, 1, 4, 0.5})
                .unit(Noise.STEP, 0, SIZE);

        assertThat(moment(draws, 1)).isCloseTo(0, within(0.02));
        assertThat(moment(draws, 2)).isCloseTo(1, within(0.03));
        // Means −2 and 4 with weights ¾ and ¼: mean −½, variance 6.75 + ¼; third moment ¾·(−1.5)³ + ¼·4.5³ and no more.
        assertThat(moment(draws, 3)).isCloseTo((0.75 * -3.375 + 0.25 * 91.125) / Math.pow(7, 1.5), within(0.05));
        // Between the two laws there is next to nothing, where a normal law has its middle.
        assertThat(IntStream.range(0, SIZE)
                        .filter(i -> Math.abs(draws[i] - 0.4) < 0.2)
                        .count())
                .isLessThan(SIZE / 50);
    }

    @Test
    void ofOneLawItIsTheSourceItself() {
        Noise source = new GaussianNoise(4);
        assertThat(MixtureNoise.of(source, new double[] {1, 5, 3}).unit(Noise.STEP, 0, 50))
                .isEqualTo(source.unit(Noise.STEP, 0, 50));
    }

    private static double moment(float[] values, int power) {
        return IntStream.range(0, values.length)
                .mapToDouble(i -> Math.pow(values[i], power))
                .average()
                .orElseThrow();
    }
}
