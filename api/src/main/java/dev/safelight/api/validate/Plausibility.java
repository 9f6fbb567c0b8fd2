package dev.safelight.api.validate;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/**
 * What a schema cannot say and a database cannot keep: a NUL character (Postgres has none in text), half a surrogate
 * pair (no UTF-8 for it), a number beyond a double.
 */
final class Plausibility {
    private Plausibility() {}

    static List<Violation> violations(JsonNode document) {
        Findings findings = new Findings();
        visit(document, Place.ROOT, findings);
        return findings.violations();
    }

    private static void visit(JsonNode value, Place place, Findings findings) {
        if (findings.full()) {
            return;
        }
        if (value.isTextual()) {
            text(value.textValue(), place, findings);
        } else if (value.isObject()) {
            for (Map.Entry<String, JsonNode> field : value.properties()) {
                int before = findings.count();
                text(field.getKey(), place, findings);
                if (findings.count() == before) {
                    visit(field.getValue(), place.child(field.getKey()), findings);
                }
            }
        } else if (value.isArray()) {
            for (int i = 0; i < value.size(); i++) {
                visit(value.get(i), place.child(Integer.toString(i)), findings);
            }
        } else if (value.isFloatingPointNumber() && !Double.isFinite(value.doubleValue())) {
            findings.add("out_of_range", place, "the number is beyond the range of a 64-bit float");
        }
    }

    private static void text(String text, Place place, Findings findings) {
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            if (character == 0) {
                findings.add("wrong_text", place, "holds a NUL character, which cannot be stored");
                return;
            }
            if (Character.isSurrogate(character)) {
                boolean pair = Character.isHighSurrogate(character)
                        && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1));
                if (!pair) {
                    findings.add("wrong_text", place, "holds half a surrogate pair, which is no character");
                    return;
                }
                i++;
            }
        }
    }
}
