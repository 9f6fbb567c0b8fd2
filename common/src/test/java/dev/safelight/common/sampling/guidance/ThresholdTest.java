package dev.safelight.common.sampling.guidance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ThresholdTest {
    private static final float[] CLEAN = {-3, -0.5f, 0, 0.5f, 2};

    @Test
    void noneLeavesTheEstimateAlone() {
        assertThat(new Threshold.None().apply(CLEAN)).isSameAs(CLEAN);
    }

    @Test
    void staticClips() {
        assertThat(new Threshold.Static(-1, 1).apply(CLEAN)).containsExactly(-1, -0.5f, 0, 0.5f, 1);
    }

    /** The 75th percentile of |D| = 0, ½, ½, 2, 3 is 2. */
    @Test
    void dynamicScalesAPercentileIntoTheRange() {
        assertThat(new Threshold.Dynamic(-1, 1, 0.75).apply(CLEAN)).containsExactly(-1, -0.25f, 0, 0.25f, 1);
    }

    @Test
    void dynamicNeverScalesUp() {
        assertThat(new Threshold.Dynamic(-10, 10, 0.75).apply(CLEAN)).containsExactly(CLEAN);
    }

    /** Data in [0, 1] have their middle at ½. */
    @Test
    void theMiddleOfTheRangeStaysWhereItIs() {
        assertThat(new Threshold.Dynamic(0, 1, 1).apply(new float[] {-1.5f, 0.5f, 1.5f}))
                .containsExactly(0, 0.5f, 0.75f);
    }

    @Test
    void whatIsNotFiniteIsLeftForTheDecoderToRefuse() {
        assertThat(new Threshold.Dynamic(-1, 1, 1).apply(new float[] {Float.NaN, 1}))
                .contains(Float.NaN);
    }
}
