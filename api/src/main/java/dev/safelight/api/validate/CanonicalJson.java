package dev.safelight.api.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import java.util.TreeMap;

/** One spelling for equal documents: fields sorted by name, no blanks, 7.0 written as 7. */
public final class CanonicalJson {
    private CanonicalJson() {}

    /** SHA-256 of the canonical spelling, 32 bytes. */
    public static byte[] hash(JsonNode document) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(write(document).getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    static String write(JsonNode document) {
        StringBuilder text = new StringBuilder(128);
        append(document, text);
        return text.toString();
    }

    private static void append(JsonNode value, StringBuilder text) {
        switch (value.getNodeType()) {
            case OBJECT -> appendObject(value, text);
            case ARRAY -> {
                text.append('[');
                for (int i = 0; i < value.size(); i++) {
                    if (i > 0) {
                        text.append(',');
                    }
                    append(value.get(i), text);
                }
                text.append(']');
            }
            case NUMBER -> appendNumber(value, text);
            default -> text.append(value);
        }
    }

    private static void appendObject(JsonNode object, StringBuilder text) {
        Map<String, JsonNode> sorted = new TreeMap<>();
        object.properties().forEach(field -> sorted.put(field.getKey(), field.getValue()));
        char separator = '{';
        for (Map.Entry<String, JsonNode> field : sorted.entrySet()) {
            text.append(separator).append(TextNode.valueOf(field.getKey())).append(':');
            append(field.getValue(), text);
            separator = ',';
        }
        text.append(separator == '{' ? "{}" : "}");
    }

    private static void appendNumber(JsonNode number, StringBuilder text) {
        double value = number.doubleValue();
        if (number.isFloatingPointNumber() && Math.rint(value) == value && Math.abs(value) < 1L << 53) {
            text.append((long) value);
        } else {
            text.append(number);
        }
    }
}
