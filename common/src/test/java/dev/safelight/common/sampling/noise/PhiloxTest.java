package dev.safelight.common.sampling.noise;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhiloxTest {

    /** The known answers of philox4x32-10 that Random123 publishes: counter, key, result. */
    @ParameterizedTest
    @CsvSource({
        "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
        "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
        "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1"
    })
    void givesThePublishedAnswers(String counter, String key, String answer) {
        int[] words = words(counter);
        int[] keys = words(key);

        Philox.scramble(words, keys[0], keys[1]);

        assertThat(IntStream.of(words).mapToObj(HexFormat.of()::toHexDigits)).containsExactly(answer.split(" "));
    }

    private static int[] words(String hex) {
        return Stream.of(hex.split(" ")).mapToInt(HexFormat::fromHexDigits).toArray();
    }
}
