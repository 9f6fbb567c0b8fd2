package dev.safelight.worker.output;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.ObjectWriter;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.wire.Json;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the images of a job are made from; each image says it of itself.
 *
 * @param version of the bundle, the digest that names its content
 */
public record Origin(String model, String version, GenerationInput input) {
    /** Escaped to ASCII: some tools do not show the text chunks that hold anything else. */
    private static final ObjectWriter ASCII =
            Json.MAPPER.writer().with(JsonWriteFeature.ESCAPE_NON_ASCII.mappedFeature());

    private record Request(String model, GenerationInput input) {}

    /** The seed that makes this image alone. */
    public long seed(int ordinal) {
        return input.seed() + ordinal;
    }

    /**
     * The text chunks of one image. {@code request} is the body that, posted to {@code /v1/jobs}, makes this one image
     * again; nothing here tells of the attempt or the time, so that the same image is the same file.
     */
    Map<String, String> text(int ordinal) {
        Map<String, String> text = new LinkedHashMap<>();
        text.put("Software", "Safelight");
        text.put("model", model);
        text.put("version", version);
        text.put("seed", Long.toString(seed(ordinal)));
        text.put("request", request(ordinal));
        return text;
    }

    private String request(int ordinal) {
        try {
            return ASCII.writeValueAsString(new Request(model, input.alone(seed(ordinal))));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
