package dev.safelight.standalone.evaluate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.wire.Json;
import java.util.regex.Pattern;

/**
 * What one line of a comparison asks for, as people write it: {@code sampler=ddpm,steps=10,variance=large}, lists in
 * brackets: {@code steps=3,timesteps=[900,500,100]}. Names are those of a request's input; what is left out is the bundle's
 * default.
 */
record RunText(String text) {
    /** A comma that no closing bracket follows before the next opening one. */
    private static final Pattern BETWEEN_PAIRS = Pattern.compile(",(?![^\\[]*])");

    /**
     * @param seed of the first picture
     * @throws IllegalArgumentException for a pair without a name or a value that is none
     */
    GenerationInput input(Manifest.Defaults defaults, long seed) {
        ObjectNode input = Json.MAPPER.createObjectNode();
        input.put("sampler", defaults.sampler());
        input.put("steps", defaults.steps());
        input.put("guidance", defaults.guidance());
        input.put("spacing", defaults.spacing());
        input.put("strict", false);
        for (String pair : text.isBlank() ? new String[0] : BETWEEN_PAIRS.split(text)) {
            int equals = pair.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("a run is name=value,name=value and not " + text);
            }
            input.set(
                    pair.substring(0, equals).strip(),
                    value(pair.substring(equals + 1).strip()));
        }
        input.put("seed", seed);
        input.put("count", 1);
        try {
            return Json.MAPPER.treeToValue(input, GenerationInput.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("a run cannot be " + text + ": " + e.getOriginalMessage(), e);
        }
    }

    /** A number or a truth value where it is one, else a word. */
    private static JsonNode value(String word) {
        try {
            return Json.MAPPER.readTree(word);
        } catch (JsonProcessingException e) {
            return TextNode.valueOf(word);
        }
    }
}
