package dev.safelight.api.webhook;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.wire.Json;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.List;

/**
 * The body of a message: {@code {"type", "timestamp", "data"}}. It stays under 20 kB: of a job that is larger the parts
 * that only GET has to give are left out, largest claim on patience first, and {@code omitted} names them.
 */
final class MessageBody {
    static final int MOST_BYTES = 20_000;
    private static final List<String> CAN_GO = List.of("metadata", "input", "last_error", "error", "outputs");

    private MessageBody() {}

    /**
     * @param type such as {@code job.completed}
     * @param timestamp when that became true
     * @param data what it is about
     */
    static byte[] of(String type, Instant timestamp, Object data) {
        ObjectNode body = Json.MAPPER.createObjectNode();
        body.put("type", type);
        body.put("timestamp", DateTimeFormatter.ISO_INSTANT.format(timestamp));
        ObjectNode shown = Json.MAPPER.valueToTree(data);
        body.set("data", shown);
        byte[] bytes = bytes(body);
        ArrayNode omitted = Json.MAPPER.createArrayNode();
        for (String part : CAN_GO) {
            if (bytes.length < MOST_BYTES) {
                break;
            }
            if (shown.remove(part) != null) {
                omitted.add(part);
                body.set("omitted", omitted);
                bytes = bytes(body);
            }
        }
        return bytes;
    }

    private static byte[] bytes(ObjectNode body) {
        try {
            return Json.MAPPER.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
