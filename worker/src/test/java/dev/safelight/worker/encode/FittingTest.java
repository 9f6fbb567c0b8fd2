package dev.safelight.worker.encode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.bundle.Manifest.PictureSpace;
import dev.safelight.worker.decode.Picture;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class FittingTest {
    private static final PictureSpace GREY = new PictureSpace(List.of(1, 2, 2), List.of(0.0, 255.0));

    @Test
    void aPictureOfTheRightSizeIsTakenPixelByPixel() {
        assertThat(Fitting.picture(grey(2, 2, 1, 2, 3, 255), GREY)).containsExactly(1, 2, 3, 255);
        PictureSpace signed = new PictureSpace(List.of(1, 2, 2), List.of(-1.0, 1.0));
        assertThat(Fitting.picture(grey(2, 2, 0, 255, 51, 102), signed)).containsExactly(-1, 1, -0.6f, -0.2f);
    }

    @Test
    void coloursAndGreysBecomeEachOther() {
        Picture colour = new Picture(1, 1, 3, new byte[] {100, 50, 10});
        assertThat(Fitting.picture(colour, new PictureSpace(List.of(1, 1, 1), List.of(0.0, 255.0))))
                .containsExactly(new float[] {60.39f}, within(1e-4f));
        assertThat(Fitting.picture(grey(1, 1, 7), new PictureSpace(List.of(3, 1, 1), List.of(0.0, 255.0))))
                .containsExactly(7, 7, 7);
        // Three planes one after the other, from pixels with their colours side by side.
        assertThat(Fitting.picture(
                        new Picture(2, 1, 3, new byte[] {1, 2, 3, 4, 5, 6}),
                        new PictureSpace(List.of(3, 1, 2), List.of(0.0, 255.0))))
                .containsExactly(1, 4, 2, 5, 3, 6);
    }

    /** Every pixel of a larger picture counts, so that fine patterns become their mean. */
    @Test
    void aLargerPictureIsAveraged() {
        byte[] pixels = new byte[16 * 16];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) ((i + i / 16) % 2 == 0 ? 100 : 50);
        }
        assertThat(Fitting.picture(new Picture(16, 16, 1, pixels), GREY))
                .containsExactly(new float[] {75, 75, 75, 75}, within(1f));
    }

    @Test
    void aSmallerPictureIsInterpolated() {
        float[] larger = Fitting.picture(grey(1, 2, 0, 100), new PictureSpace(List.of(1, 4, 2), List.of(0.0, 255.0)));
        assertThat(larger).containsExactly(0, 0, 25, 25, 75, 75, 100, 100);
    }

    @Test
    void whatStandsOutIsCroppedOnBothSides() {
        assertThat(Fitting.picture(grey(4, 2, 9, 1, 2, 9, 9, 3, 4, 9), GREY)).containsExactly(1, 2, 3, 4);
        assertThat(Fitting.picture(grey(2, 4, 9, 9, 1, 2, 3, 4, 9, 9), GREY)).containsExactly(1, 2, 3, 4);
    }

    @Test
    void aMaskSaysHowBrightItIs() {
        assertThat(Fitting.mask(grey(2, 1, 255, 51), 2, 1)).containsExactly(1, 0.2f);
    }

    @Test
    void whatIsTransparentIsWhite() throws IOException {
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_ARGB);
        image.setRGB(0, 0, 0xFF102030);
        image.setRGB(1, 0, 0x00000000);
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(image, "png", png);
        Picture read = PictureFile.read(png.toByteArray());
        assertThat(read.pixels()).containsExactly(0x10, 0x20, 0x30, -1, -1, -1);
    }

    private static Picture grey(int width, int height, int... values) {
        byte[] pixels = new byte[values.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) values[i];
        }
        return new Picture(width, height, 1, pixels);
    }
}
