package dev.safelight.common.sampling.degrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.sampling.Degradation;
import dev.safelight.common.sampling.noise.GaussianNoise;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DegradationTest {
    private static final Shape SHAPE = new Shape(3, 16, 16);
    private static final float[] IMAGE = new GaussianNoise(8).unit(0, 0, 3 * 256);
    private static final float[] FROZEN = {0.3f, 0.6f};

    static Stream<Degradation> all() {
        return Stream.of(
                new Blur(SHAPE, 30, 1, true),
                new Pixelate(SHAPE, 4),
                new Desaturate(SHAPE, 20),
                new Fade(SHAPE, 40, 0.5));
    }

    @ParameterizedTest
    @MethodSource("all")
    void noOperatorIsTheImageItself(Degradation degradation) {
        assertThat(degradation.apply(IMAGE, 0, FROZEN)).isEqualTo(IMAGE);
    }

    @ParameterizedTest
    @MethodSource("all")
    void eachOperatorTakesSomethingAway(Degradation degradation) {
        double before = power(IMAGE);
        for (int t = 1; t <= degradation.steps(); t++) {
            double now = power(degradation.apply(IMAGE, t, FROZEN));
            assertThat(now).isLessThan(before);
            before = now;
        }
    }

    @Test
    void twoBlursAreOneOfTwiceTheVariance() {
        Blur blur = new Blur(SHAPE, 10, 1.2, false);
        float[] twice = blur.apply(blur.apply(IMAGE, 2, FROZEN), 3, FROZEN);
        float[] once = blur.apply(IMAGE, 5, FROZEN);
        assertThat(largest(twice, once)).isLessThan(2e-3);
    }

    @Test
    void theLastBlurLeavesTheMeansAndTheOneBeforeDoesNot() {
        Blur blur = new Blur(SHAPE, 5, 0.8, true);
        float[] flat = blur.apply(IMAGE, 5, FROZEN);
        float mean = (float)
                IntStream.range(0, 256).mapToDouble(i -> IMAGE[i]).average().orElseThrow();
        for (int i = 0; i < 256; i++) {
            assertThat(flat[i]).isCloseTo(mean, within(1e-6f));
        }
        float[] before = blur.apply(IMAGE, 4, FROZEN);
        assertThat(largest(before, flat)).isGreaterThan(0.1);
    }

    @Test
    void pixelsBecomeTheMeanOfTheirBlock() {
        float[] coarse = new Pixelate(new Shape(1, 2, 4), 2).apply(new float[] {1, 3, 0, 0, 5, 7, 0, 8}, 1, FROZEN);
        assertThat(coarse).containsExactly(4, 4, 2, 2, 4, 4, 2, 2);
    }

    @Test
    void colourGoesOverToGrey() {
        Desaturate pale = new Desaturate(new Shape(3, 1, 1), 2);
        assertThat(pale.apply(new float[] {0, 3, 6}, 1, FROZEN)).containsExactly(1.5f, 3, 4.5f);
        assertThat(pale.apply(new float[] {0, 3, 6}, 2, FROZEN)).containsExactly(3, 3, 3);
    }

    @Test
    void theSpotLiesWhereTheFrozenNumbersSay() {
        Fade fade = new Fade(new Shape(1, 11, 11), 5, 1);
        float[] white = new float[121];
        java.util.Arrays.fill(white, 1);
        float[] faded = fade.apply(white, 3, new float[] {0.2f, 0.9f});
        assertThat(faded[2 * 11 + 9]).isZero();
        assertThat(faded[8 * 11 + 1]).isGreaterThan(0.9f);
    }

    private static double power(float[] x) {
        double sum = 0;
        for (float value : x) {
            sum += value * value;
        }
        return sum;
    }

    private static double largest(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .max()
                .orElseThrow();
    }
}
