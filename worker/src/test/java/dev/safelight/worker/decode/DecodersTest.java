package dev.safelight.worker.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecodersTest {
    private static final Decoder GREY = new Pixels(1, 1, 5, -1, 1);

    @Test
    void theRangeBecomesAllBrightnesses() {
        Picture picture = GREY.decode(new float[] {-1, -0.5f, 0, 0.5f, 1});

        // 63.75, 127.5 and 191.25: halves go up.
        assertThat(picture.pixels()).containsExactly(0, 64, 128, 191, 255);
        assertThat(picture.width()).isEqualTo(5);
        assertThat(picture.height()).isEqualTo(1);
    }

    @Test
    void whatLeavesTheRangeIsClamped() {
        assertThat(GREY.decode(new float[] {-1.01f, -1e30f, 1.01f, 1e30f, 0}).pixels())
                .containsExactly(0, 0, 255, 255, 128);
    }

    @Test
    void theChannelsOfAPixelLieSideBySide() {
        Picture picture = new Pixels(3, 1, 2, 0, 255).decode(new float[] {1, 2, 10, 20, 100, 200});

        assertThat(picture.channels()).isEqualTo(3);
        assertThat(picture.pixels()).containsExactly(1, 10, 100, 2, 20, 200);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void aNumberThatIsNotFiniteIsNoBrightness(float value) {
        assertThatThrownBy(() -> GREY.decode(new float[] {0, 0, value, 0, 0})).isInstanceOf(Decoder.NotFinite.class);
    }
}
