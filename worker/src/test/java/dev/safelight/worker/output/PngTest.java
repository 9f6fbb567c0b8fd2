package dev.safelight.worker.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.NodeList;

/** The reader is the JDK's, so that writer and reader do not share a mistake. */
final class PngTest {
    static Stream<Arguments> pictures() {
        return Stream.of(
                Arguments.of("noise", 28, 28, 1, noise(28 * 28)),
                Arguments.of("noise in colours", 33, 17, 3, noise(33 * 17 * 3)),
                Arguments.of("one pixel", 1, 1, 1, new byte[] {(byte) 200}),
                Arguments.of("one column", 1, 5, 3, noise(15)),
                Arguments.of("ramps", 64, 64, 3, ramps(64)),
                Arguments.of("black", 300, 200, 1, new byte[60_000]));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("pictures")
    void thePixelsComeBack(String name, int width, int height, int channels, byte[] pixels) throws IOException {
        BufferedImage image =
                ImageIO.read(new ByteArrayInputStream(Png.encode(width, height, channels, pixels, Map.of())));
        assertThat(image.getWidth()).isEqualTo(width);
        assertThat(image.getHeight()).isEqualTo(height);
        assertThat(samples(image)).isEqualTo(pixels);
    }

    @Test
    void everyFilterIsUsedBySomePicture() {
        boolean[] used = new boolean[PngFilter.values().length];
        pictures().map(Arguments::get).forEach(picture -> {
            int stride = (int) picture[1] * (int) picture[3];
            byte[] filtered = PngFilter.filter((byte[]) picture[4], stride, (int) picture[3]);
            for (int row = 0; row < (int) picture[2]; row++) {
                used[filtered[row * (stride + 1)]] = true;
            }
        });
        assertThat(used).containsOnly(true);
    }

    @Test
    void theTextComesBack() throws IOException {
        Map<String, String> text = new LinkedHashMap<>();
        text.put("Software", "Safelight");
        text.put("request", "{\"model\":\"fashion\",\n\"input\":{\"class\":\"sneaker\"}}");
        text.put("prompt", "ein Turnschuh für München, 運動靴 👟");
        text.put("latin", "für");
        text.put("seed", "7");
        text.put("empty", "");
        assertThat(readText(Png.encode(2, 2, 1, new byte[4], text))).isEqualTo(text);
    }

    @Test
    void theSamePictureIsTheSameFile() {
        byte[] pixels = noise(28 * 28);
        Map<String, String> text = Map.of("seed", "7");
        assertThat(Png.encode(28, 28, 1, pixels, text))
                .isEqualTo(Png.encode(28, 28, 1, pixels.clone(), text))
                .isNotEqualTo(Png.encode(28, 28, 1, pixels, Map.of("seed", "8")));
    }

    @Test
    void smoothPicturesBecomeSmall() {
        assertThat(Png.encode(64, 64, 3, ramps(64), Map.of())).hasSizeLessThan(64 * 64 * 3 / 20);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " seed", "seed ", "two  blanks", "tab\t", "運動靴"})
    void whatIsNoKeywordIsRefused(String keyword) {
        assertThatThrownBy(() -> Png.encode(1, 1, 1, new byte[1], Map.of(keyword, "7")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void whatIsNoPictureIsRefused() {
        assertThatThrownBy(() -> Png.encode(2, 2, 1, new byte[5], Map.of()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Png.encode(2, 2, 4, new byte[16], Map.of()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Png.encode(0, 2, 1, new byte[0], Map.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    static byte[] samples(BufferedImage image) {
        int[] samples = image.getRaster().getPixels(0, 0, image.getWidth(), image.getHeight(), (int[]) null);
        byte[] bytes = new byte[samples.length];
        for (int index = 0; index < samples.length; index++) {
            bytes[index] = (byte) samples[index];
        }
        return bytes;
    }

    static Map<String, String> readText(byte[] file) throws IOException {
        ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
        try (ImageInputStream in = ImageIO.createImageInputStream(new ByteArrayInputStream(file))) {
            reader.setInput(in);
            IIOMetadataNode root = (IIOMetadataNode) reader.getImageMetadata(0).getAsTree("javax_imageio_png_1.0");
            Map<String, String> text = new LinkedHashMap<>();
            collect(root.getElementsByTagName("tEXtEntry"), "value", text);
            collect(root.getElementsByTagName("iTXtEntry"), "text", text);
            return text;
        } finally {
            reader.dispose();
        }
    }

    private static void collect(NodeList entries, String attribute, Map<String, String> text) {
        for (int index = 0; index < entries.getLength(); index++) {
            IIOMetadataNode entry = (IIOMetadataNode) entries.item(index);
            text.put(entry.getAttribute("keyword"), entry.getAttribute(attribute));
        }
    }

    private static byte[] noise(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }

    private static byte[] ramps(int side) {
        byte[] bytes = new byte[side * side * 3];
        for (int row = 0; row < side; row++) {
            for (int column = 0; column < side; column++) {
                bytes[(row * side + column) * 3] = (byte) (2 * column);
                bytes[(row * side + column) * 3 + 1] = (byte) (2 * row + row * row / 9);
                bytes[(row * side + column) * 3 + 2] = (byte) (column + row);
            }
        }
        return bytes;
    }
}
