package dev.safelight.api.validate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.wire.Json;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CanonicalJsonTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{ \"b\": 1, \"a\": [1, 2] } | {\"a\":[1,2],\"b\":1}",
                "{\"a\": {\"d\": null, \"c\": true}} | {\"a\":{\"c\":true,\"d\":null}}",
                "{} | {}",
                "[] | []",
                "7.0 | 7",
                "-0.0 | 0",
                "1e3 | 1000",
                "0.50 | 0.5",
                "9007199254740993 | 9007199254740993",
                "\"\\u0061\\\"\\n\" | \"a\\\"\\n\"",
            })
    void equalDocumentsAreSpeltAlike(String sent, String canonical) throws IOException {
        assertThat(CanonicalJson.write(Json.MAPPER.readTree(sent))).isEqualTo(canonical);
    }

    @Test
    void orderInArraysMatters() throws IOException {
        assertThat(CanonicalJson.hash(Json.MAPPER.readTree("[1, 2]")))
                .isNotEqualTo(CanonicalJson.hash(Json.MAPPER.readTree("[2, 1]")));
    }

    @Test
    void aTextIsNotTheNumberItSpells() throws IOException {
        assertThat(CanonicalJson.hash(Json.MAPPER.readTree("\"1\"")))
                .isNotEqualTo(CanonicalJson.hash(Json.MAPPER.readTree("1")));
    }
}
