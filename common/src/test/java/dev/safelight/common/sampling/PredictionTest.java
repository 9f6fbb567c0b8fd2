package dev.safelight.common.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PredictionTest {
    private static final Offset<Float> CLOSE = within(1e-5f);
    private static final float CLEAN = 0.7f;
    private static final float NOISE = -1.3f;

    /** A network that knows the truth must give back the clean value and the noise that x was made of. */
    @ParameterizedTest
    @EnumSource
    void everyPredictionLeadsBackToWhatXWasMadeOf(Prediction prediction) {
        Level level = new Level(500, 0.6, 0.8);
        double a = level.signal();
        double s = level.noise();
        float x = (float) (a * CLEAN + s * NOISE);
        float output = switch (prediction) {
            case EPSILON -> NOISE;
            case X0 -> CLEAN;
            case V -> (float) (a * NOISE - s * CLEAN);
            case SCORE -> (float) (-NOISE / s);
            case FLOW -> NOISE - CLEAN;
        };

        Estimate estimate = prediction.estimate(new float[] {x}, new float[] {output}, level);

        assertThat(estimate.clean()[0]).isCloseTo(CLEAN, CLOSE);
        assertThat(estimate.noise()[0]).isCloseTo(NOISE, CLOSE);
    }

    /** The other predictions' formulas are wrong for this output: had they been mixed up, the test above would fail. */
    @ParameterizedTest
    @EnumSource
    void anotherPredictionsOutputIsNotUnderstood(Prediction prediction) {
        Level level = new Level(500, 0.6, 0.8);
        float x = (float) (0.6 * CLEAN + 0.8 * NOISE);
        float wrong = prediction == Prediction.X0 ? NOISE : CLEAN;

        Estimate estimate = prediction.estimate(new float[] {x}, new float[] {wrong}, level);

        assertThat(estimate.clean()[0]).isNotCloseTo(CLEAN, within(0.1f));
    }
}
