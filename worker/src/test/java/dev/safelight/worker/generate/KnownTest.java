package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.worker.decode.Picture;
import org.junit.jupiter.api.Test;

class KnownTest {
    /** A decoder changes what was kept of an image; it is put back. */
    @Test
    void whatIsKeptIsPutBackIntoWhatWasDecoded() {
        Picture original = new Picture(3, 1, 3, new byte[] {10, 20, 30, 40, 50, 60, 70, 80, 90});
        Picture made = new Picture(3, 1, 3, new byte[] {-1, -1, -1, -1, -1, -1, 0, 0, 0});
        Picture whole = new Known.Retouch(original, new float[] {1, 0, 0.5f}).over(made);
        assertThat(whole.pixels()).containsExactly(-1, -1, -1, 40, 50, 60, 35, 40, 45);
        assertThat(made.pixels()[3]).as("the other is as it was").isEqualTo((byte) -1);
    }
}
