package dev.safelight.common.sampling.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bit for bit what {@code models/export/torch_noise.py} recorded of torch on an x86 CPU. */
class TorchGeneratorTest {
    private static final JsonNode RECORDED = recorded();

    private static JsonNode recorded() {
        try (InputStream file = TorchGeneratorTest.class.getResourceAsStream("/parity/torch-noise.json")) {
            return Json.MAPPER.readTree(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void drawsTheRecordedVectors() {
        assertThat(RECORDED.path("vectors")).isNotEmpty().allSatisfy(vector -> {
            float[] drawn = new TorchGenerator(vector.path("seed").longValue())
                    .normal(vector.path("size").intValue());
            int[] bits = new int[drawn.length];
            for (int i = 0; i < bits.length; i++) {
                bits[i] = Float.floatToRawIntBits(drawn[i]);
            }
            assertThat(bits).containsExactly(integers(vector.path("bits")));
        });
    }

    /** Calls of any size one after the other: short ones leave a number over for the next short one. */
    @Test
    void goesOnFromCallToCallAsRecorded() {
        assertThat(RECORDED.path("sequences")).isNotEmpty().allSatisfy(sequence -> {
            TorchGenerator generator = new TorchGenerator(sequence.path("seed").longValue());
            Digest digest = new Digest();
            for (int size : integers(sequence.path("sizes"))) {
                digest.add(generator.normal(size));
            }
            assertThat(digest.hex()).isEqualTo(sequence.path("sha256").textValue());
        });
    }

    @Test
    void drawsTheRecordedSizes() {
        assertThat(RECORDED.path("ranges"))
                .isNotEmpty()
                .allSatisfy(range ->
                        assertThat(digest(range)).isEqualTo(range.path("sha256").textValue()));
    }

    /** 2.45 billion numbers. */
    @Test
    void drawsEverySizeFrom1To70000() {
        assumeThat(Boolean.getBoolean("safelight.long")).isTrue();
        int expected = 1;
        for (JsonNode range : RECORDED.path("every")) {
            assertThat(range.path("first").intValue()).isEqualTo(expected);
            assertThat(digest(range))
                    .as("sizes from %d", expected)
                    .isEqualTo(range.path("sha256").textValue());
            expected = range.path("last").intValue() + 1;
        }
        assertThat(expected).isEqualTo(70_001);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 15, 16, 17, 640, 784, 1000})
    void skipsExactlyWhatACallDraws(int size) {
        TorchGenerator drawing = new TorchGenerator(99);
        TorchGenerator skipping = new TorchGenerator(99);
        for (int call = 0; call < 3; call++) {
            drawing.normal(size);
            skipping.skip(size);
        }
        assertThat(skipping.normal(size)).containsExactly(drawing.normal(size));
        assertThat(skipping.normal(3)).containsExactly(drawing.normal(3));
    }

    private static String digest(JsonNode range) {
        Digest digest = new Digest();
        for (int size = range.path("first").intValue();
                size <= range.path("last").intValue();
                size += range.path("stride").intValue()) {
            digest.add(new TorchGenerator(range.path("seed").longValue()).normal(size));
        }
        return digest.hex();
    }

    private static int[] integers(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::intValue)
                .toArray();
    }

    /** SHA-256 over little-endian float32. */
    private static final class Digest {
        private final MessageDigest sha256;

        Digest() {
            try {
                sha256 = MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }

        void add(float[] values) {
            ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(values);
            sha256.update(bytes);
        }

        String hex() {
            return HexFormat.of().formatHex(sha256.digest());
        }
    }
}
