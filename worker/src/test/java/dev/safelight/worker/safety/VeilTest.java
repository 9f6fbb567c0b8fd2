package dev.safelight.worker.safety;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.worker.decode.Picture;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Nothing but the means of cells comes through a veil. */
class VeilTest {
    @Test
    void whatDiffersWithinCellsOnlyLooksTheSame() {
        // 40 by 20: cells of 4 by 4.
        byte[] pixels = new byte[3 * 40 * 20];
        new Random(1).nextBytes(pixels);
        byte[] shuffled = pixels.clone();
        for (int y = 0; y < 20; y += 4) {
            for (int x = 0; x < 40; x += 4) {
                for (int i = 0; i < 48; i++) {
                    // Turned upside down in its cell.
                    int from = 3 * ((y + i / 12) * 40 + x) + i % 12;
                    int to = 3 * ((y + 3 - i / 12) * 40 + x) + i % 12;
                    shuffled[to] = pixels[from];
                }
            }
        }
        Picture one = Veil.over(new Picture(40, 20, 3, pixels));
        Picture other = Veil.over(new Picture(40, 20, 3, shuffled));
        assertThat(one.pixels()).isEqualTo(other.pixels()).isNotEqualTo(pixels);
        assertThat(one.width()).isEqualTo(40);
        assertThat(one.height()).isEqualTo(20);
    }

    @Test
    void coloursStayAndBrightnessDoesNotOverflow() {
        byte[] pixels = new byte[3 * 33 * 65];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i % 3 == 0 ? 255 : i % 3 == 1 ? 128 : 0);
        }
        assertThat(Veil.over(new Picture(33, 65, 3, pixels)).pixels()).isEqualTo(pixels);
        // Black to the left, white to the right, and in between something between.
        byte[] halves = new byte[100 * 100];
        for (int i = 0; i < halves.length; i++) {
            halves[i] = (byte) (i % 100 < 50 ? 0 : 255);
        }
        byte[] veiled = Veil.over(new Picture(100, 100, 1, halves)).pixels();
        assertThat(veiled[0]).isZero();
        assertThat(veiled[99]).isEqualTo((byte) 255);
        assertThat(Byte.toUnsignedInt(veiled[50])).isBetween(100, 160);
        for (int x = 1; x < 100; x++) {
            assertThat(Byte.toUnsignedInt(veiled[x])).isGreaterThanOrEqualTo(Byte.toUnsignedInt(veiled[x - 1]));
        }
    }
}
