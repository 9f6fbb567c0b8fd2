package dev.safelight.api.validate;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Reads JSON that a stranger sent. */
public final class JsonBody {
    /** Deeper than any request of ours; far less than what would exhaust a stack, here or in Postgres. */
    private static final int DEEPEST = 32;

    private static final ObjectMapper STRICT = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEEPEST)
                            .maxNumberLength(400)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonBody() {}

    public sealed interface Outcome {}

    public record Read(JsonNode document) implements Outcome {}

    /** @param detail one sentence that says what is wrong and where */
    public record Malformed(String detail) implements Outcome {}

    public record Invalid(List<Violation> violations) implements Outcome {}

    public static Outcome read(byte[] bytes, Schema schema) {
        JsonNode document;
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            document = STRICT.readTree(text);
        } catch (CharacterCodingException e) {
            return new Malformed("the body is not UTF-8");
        } catch (JsonProcessingException e) {
            return new Malformed("the body is not JSON: " + describe(e));
        }
        if (document == null || document.isMissingNode()) {
            return new Malformed("the body is empty");
        }
        List<Violation> violations = Plausibility.violations(document);
        if (violations.isEmpty()) {
            violations = schema.violations(document);
        }
        return violations.isEmpty() ? new Read(document) : new Invalid(violations);
    }

    private static String describe(JsonProcessingException e) {
        String message = Findings.cut(e.getOriginalMessage().lines().findFirst().orElse("it cannot be read"), 200);
        return e.getLocation() == null
                ? message
                : message + " (line " + e.getLocation().getLineNr() + ", column "
                        + e.getLocation().getColumnNr() + ")";
    }
}
