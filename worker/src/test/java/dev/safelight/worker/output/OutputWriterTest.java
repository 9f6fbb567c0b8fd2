package dev.safelight.worker.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.store.FileObjectStore;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.OutputKey;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.store.StoredOutput;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.Locale;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class OutputWriterTest {
    private static final GenerationInput INPUT =
            new GenerationInput("Müllers Turnschuh", "ddim", 20, 3, 40, 4, 0, "leading", false);
    private static final Origin ORIGIN = new Origin("fashion", "c0ffee", INPUT);
    private static final Picture PICTURE = new Picture(2, 3, 1, new byte[] {0, 50, 100, (byte) 150, (byte) 200, -1});

    private final JobKey job = new JobKey(JobKey.DEFAULT_TENANT, JobIds.next());
    private final Fence fence = new Fence(job, 2);

    @TempDir
    private Path folder;

    private ObjectStore store;
    private OutputWriter writer;

    @BeforeEach
    void open() throws IOException {
        store = FileObjectStore.open(folder, Clock.systemUTC());
        writer = new OutputWriter(store);
    }

    @Test
    void theRowSaysWhatLiesInTheStore() throws Exception {
        StoredOutput output = writer.write(fence, ORIGIN, 3, PICTURE);
        byte[] bytes = read(output);
        assertThat(OutputKey.parse(output.key())).contains(new OutputKey(fence, 3, "png"));
        assertThat(output.ordinal()).isEqualTo(3);
        assertThat(output.contentType()).isEqualTo("image/png");
        assertThat(output.width()).isEqualTo(2);
        assertThat(output.height()).isEqualTo(3);
        assertThat(output.bytes()).isEqualTo(bytes.length);
        assertThat(new BigInteger(output.sha256(), 16))
                .isEqualTo(
                        new BigInteger(1, MessageDigest.getInstance("SHA-256").digest(bytes)));
        assertThat(output.seed()).isEqualTo(43);
        assertThat(PngTest.samples(ImageIO.read(new ByteArrayInputStream(bytes))))
                .isEqualTo(PICTURE.pixels());
    }

    @Test
    void theImageSaysHowToMakeItAgainAlone() throws IOException {
        Map<String, String> text = PngTest.readText(read(writer.write(fence, ORIGIN, 3, PICTURE)));
        assertThat(text)
                .containsEntry("model", "fashion")
                .containsEntry("version", "c0ffee")
                .containsEntry("seed", "43");
        assertThat(text.get("request")).matches("\\p{ASCII}+");
        JsonNode request = Json.MAPPER.readTree(text.get("request"));
        assertThat(request.path("model").asText()).isEqualTo("fashion");
        assertThat(Json.MAPPER.treeToValue(request.path("input"), GenerationInput.class))
                .isEqualTo(new GenerationInput("Müllers Turnschuh", "ddim", 20, 3, 43, 1, 0, "leading", false));
    }

    /** And the same whether it was one of many or asked for by its own seed. */
    @Test
    void theSameImageIsTheSameFileWhicheverAttemptMadeIt() throws IOException {
        Origin alone = new Origin(
                "fashion",
                "c0ffee",
                new GenerationInput("Müllers Turnschuh", "ddim", 20, 3, 43, 1, 0, "leading", false));
        StoredOutput second = writer.write(fence, ORIGIN, 3, PICTURE);
        StoredOutput third = writer.write(new Fence(job, 3), ORIGIN, 3, PICTURE);
        assertThat(third.key()).isNotEqualTo(second.key());
        assertThat(third.sha256()).isEqualTo(second.sha256());
        assertThat(writer.write(fence, alone, 0, PICTURE).sha256()).isEqualTo(second.sha256());
    }

    @ParameterizedTest
    @ValueSource(strings = {"jpeg", "webp"})
    void otherFormatsShowTheSamePicture(String format) throws IOException {
        for (int channels : new int[] {1, 3}) {
            Picture picture = gradient(channels);
            StoredOutput output = writer.write(fence, written(format, 95), 0, picture);
            byte[] bytes = read(output);
            assertThat(OutputKey.parse(output.key())).contains(new OutputKey(fence, 0, format));
            assertThat(output.contentType()).isEqualTo("image/" + format);
            assertThat(output.bytes()).isEqualTo(bytes.length);
            assertThat(ImageIO.getImageReaders(ImageIO.createImageInputStream(new ByteArrayInputStream(bytes)))
                            .next()
                            .getFormatName()
                            .toLowerCase(Locale.ROOT))
                    .isEqualTo(format);
            BufferedImage shown = ImageIO.read(new ByteArrayInputStream(bytes));
            assertThat(shown.getWidth()).isEqualTo(48);
            assertThat(shown.getHeight()).isEqualTo(32);
            for (int place = 0; place < 48 * 32; place++) {
                for (int colour = 0; colour < 3; colour++) {
                    int band = Math.min(colour, shown.getRaster().getNumBands() - 1);
                    int seen = shown.getRaster().getSample(place % 48, place / 48, band);
                    int made = Byte.toUnsignedInt(picture.pixels()[channels * place + Math.min(colour, channels - 1)]);
                    assertThat(seen).isCloseTo(made, within(12));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"jpeg", "webp"})
    void qualityIsPaidForInBytesAndTheSameAgain(String format) throws IOException {
        StoredOutput good = writer.write(fence, written(format, 95), 0, gradient(3));
        StoredOutput poor = writer.write(fence, written(format, 10), 1, gradient(3));
        assertThat(poor.bytes()).isLessThan(good.bytes());
        assertThat(writer.write(new Fence(job, 3), written(format, 95), 0, gradient(3))
                        .sha256())
                .isEqualTo(good.sha256());
    }

    private static Origin written(String format, int quality) {
        return new Origin("fashion", "c0ffee", INPUT.with("output", Map.of("format", format, "quality", quality)));
    }

    /** Soft, but not the same in any two colours. */
    private static Picture gradient(int channels) {
        byte[] pixels = new byte[48 * 32 * channels];
        for (int place = 0; place < 48 * 32; place++) {
            int[] colours = {4 * (place % 48) + 20, 6 * (place / 48) + 30, 200 - 2 * (place % 48)};
            for (int channel = 0; channel < channels; channel++) {
                pixels[channels * place + channel] = (byte) colours[channel];
            }
        }
        return new Picture(48, 32, channels, pixels);
    }

    private byte[] read(StoredOutput output) throws IOException {
        try (InputStream in = store.open(output.key(), 0, output.bytes() - 1)) {
            return in.readAllBytes();
        }
    }
}
