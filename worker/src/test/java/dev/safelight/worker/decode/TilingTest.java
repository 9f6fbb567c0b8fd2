package dev.safelight.worker.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.bundle.Manifest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TilingTest {
    private static final int FACTOR = 2;

    /** Enlarges each place, and makes the second colour of the second channel. */
    private static float[] enlarged(float[] latent, int height, int width) {
        float[] picture = new float[2 * FACTOR * height * FACTOR * width];
        for (int i = 0; i < picture.length; i++) {
            int x = i % (FACTOR * width);
            int y = i / (FACTOR * width) % (FACTOR * height);
            int colour = i / (FACTOR * width * FACTOR * height);
            picture[i] = latent[(colour * height + y / FACTOR) * width + x / FACTOR];
        }
        return picture;
    }

    private static float[] latent(int height, int width) {
        float[] latent = new float[2 * height * width];
        for (int i = 0; i < latent.length; i++) {
            latent[i] = (float) Math.sin(i);
        }
        return latent;
    }

    @ParameterizedTest
    @CsvSource({"20, 20, 8, 2", "8, 8, 8, 3", "21, 9, 8, 1", "9, 40, 8, 7", "5, 17, 6, 2"})
    void aDecoderThatLooksAtOnePlaceSeesNoTiles(int height, int width, int side, int overlap) {
        float[] latent = latent(height, width);
        Tiling tiling = new Tiling(List.of(2, height, width), new Manifest.Tiles(1, side, overlap));
        List<Integer> tile = tiling.tileShape();
        float[] picture = tiling.decoded(latent, 2, FACTOR, square -> enlarged(square, tile.get(1), tile.get(2)));
        float[] whole = enlarged(latent, height, width);
        assertThat(picture).hasSameSizeAs(whole);
        for (int i = 0; i < whole.length; i++) {
            assertThat(picture[i]).isCloseTo(whole[i], within(1e-5f));
        }
    }

    @Test
    void squaresThatDisagreeFadeIntoEachOther() {
        Tiling tiling = new Tiling(List.of(1, 8, 30), new Manifest.Tiles(1, 8, 4));
        List<Float> made = new ArrayList<>();
        float[] picture = tiling.decoded(new float[8 * 30], 1, FACTOR, square -> {
            float[] flat = new float[FACTOR * 8 * FACTOR * 8];
            // Black and white in turn.
            Arrays.fill(flat, made.size() % 2);
            made.add(0f);
            return flat;
        });
        assertThat(made).as("of 8 with at least 4 in common, over 30").hasSize(7);
        for (int x = 1; x < FACTOR * 30; x++) {
            assertThat(Math.abs(picture[x] - picture[x - 1]))
                    .as("from pixel to pixel; a seam would be 1")
                    .isLessThan(0.3f);
        }
    }

    @ParameterizedTest
    @CsvSource({"20, 8, 2", "21, 8, 1", "9, 8, 7", "1000, 64, 16", "65, 64, 16"})
    void squaresCoverAllWithTheirOverlap(int length, int side, int overlap) {
        int[] starts = Tiling.starts(length, side, overlap);
        assertThat(starts[0]).isZero();
        assertThat(starts[starts.length - 1] + side).isEqualTo(length);
        for (int i = 1; i < starts.length; i++) {
            assertThat(starts[i - 1] + side - starts[i]).isGreaterThanOrEqualTo(overlap);
            assertThat(starts[i]).isGreaterThan(starts[i - 1]);
        }
    }
}
