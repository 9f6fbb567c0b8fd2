package dev.safelight.api.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.api.sign.Sealing;
import dev.safelight.common.sign.SigningSecret;
import dev.safelight.common.wire.Json;
import java.util.List;
import java.util.Optional;

/**
 * Where a client wants messages to go.
 *
 * @param door {@code host:port} of the URL
 * @param events what it wants to hear of, without repetition
 * @param secret empty where ours is to sign
 */
public record WebhookRequest(String url, String door, List<String> events, Optional<SigningSecret> secret) {
    /** What a job keeps of it. */
    public JsonNode column(String tenantId, Sealing sealing) {
        ObjectNode column = Json.MAPPER.createObjectNode().put("url", url).put("target", door);
        events.forEach(column.putArray("events")::add);
        secret.ifPresent(given -> column.put("secret", sealing.seal(tenantId, given)));
        return column;
    }
}
