package dev.safelight.api.validate;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Collects what is wrong with one document, up to a bound: nobody reads the thousandth violation. */
final class Findings {
    private static final int MOST = 50;
    private static final int LONGEST_QUOTE = 60;

    private final List<Violation> violations = new ArrayList<>(0);

    void add(String code, Place place, String detail) {
        if (!full()) {
            violations.add(Violation.body(code, place.pointer(), detail));
        }
    }

    boolean full() {
        return violations.size() >= MOST;
    }

    int count() {
        return violations.size();
    }

    List<Violation> violations() {
        return List.copyOf(violations);
    }

    /** The value as it was sent, cut short: it goes back to the client inside a sentence. */
    static String quote(JsonNode value) {
        if (value.isContainerNode() && value.size() > 8) {
            return value.isObject() ? "an object" : "an array";
        }
        return cut(value.toString());
    }

    static String cut(String text) {
        return cut(text, LONGEST_QUOTE);
    }

    static String cut(String text, int longest) {
        if (text.length() <= longest) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(longest - 1)) ? longest - 1 : longest;
        return text.substring(0, end) + "…";
    }
}
