package dev.safelight.api.webhook;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.safelight.common.sign.SigningSecret;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * An endpoint as its tenant sees it.
 *
 * @param secret only where it was just made, else null
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
record EndpointView(
        UUID id,
        String url,
        String description,
        List<String> events,
        boolean enabled,
        Instant createdAt,
        Instant disabledAt,
        String disabledReason,
        String secret) {
    static EndpointView of(EndpointRow row) {
        return of(row, null);
    }

    static EndpointView of(EndpointRow row, SigningSecret secret) {
        return new EndpointView(
                row.endpointId(),
                row.url(),
                row.description(),
                row.events(),
                row.enabled(),
                row.createdAt(),
                row.disabledAt(),
                row.disabledReason(),
                secret == null ? null : secret.reveal());
    }
}
