package dev.safelight.worker.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.Emphasis;
import dev.safelight.common.wire.Json;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Prompts become the ids that they become in Python ({@code models/export/tiny_pipelines.py}). */
class TokenizerTest {
    /** Another folder may be named, for example one with the whole vocabulary. */
    private static Path folder() throws Exception {
        String named = System.getProperty("safelight.tokenizer");
        return named == null
                ? Path.of(TokenizerTest.class.getResource("/text/tokenizer").toURI())
                : Path.of(named);
    }

    @Test
    void oddPromptsBecomeTheSameIds() throws Exception {
        Path folder = folder();
        JsonNode recorded = Json.MAPPER.readTree(folder.resolve("prompts.json").toFile());
        Manifest.Tokenizer described = Json.MAPPER.convertValue(recorded.get("tokenizer"), Manifest.Tokenizer.class);
        try (Tokenizer tokenizer = Tokenizer.load(new Bundle(null, folder, ""), described)) {
            assertThat(recorded.get("prompts")).hasSizeGreaterThanOrEqualTo(500);
            for (int i = 0; i < recorded.get("prompts").size(); i++) {
                String prompt = recorded.get("prompts").get(i).textValue();
                int[] shortened = Json.MAPPER.convertValue(recorded.get("ids").get(i), int[].class);
                float[] expected = new float[described.length()];
                Arrays.fill(expected, described.pad());
                for (int k = 0; k < shortened.length; k++) {
                    expected[k] = shortened[k];
                }
                assertThat(tokenizer.tokens(Emphasis.none(prompt)).ids())
                        .as(prompt)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void weightsLieOnTheTokensOfTheirPiece() throws Exception {
        Path folder = folder();
        JsonNode recorded = Json.MAPPER.readTree(folder.resolve("prompts.json").toFile());
        Manifest.Tokenizer described = Json.MAPPER.convertValue(recorded.get("tokenizer"), Manifest.Tokenizer.class);
        try (Tokenizer tokenizer = Tokenizer.load(new Bundle(null, folder, ""), described)) {
            Tokenizer.Tokens tokens = tokenizer.tokens(
                    List.of(new Emphasis.Piece("a", 1), new Emphasis.Piece("a", 1.5), new Emphasis.Piece("a", 1)));

            assertThat(Arrays.copyOf(tokens.weights(), 5)).containsExactly(1, 1, 1.5f, 1, 1);
        }
    }
}
