package dev.safelight.api.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.safelight.api.auth.KeyRow;
import dev.safelight.api.auth.KeyStore;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;

/**
 * A key as administrators see it.
 *
 * @param key the key itself, in the reply that made it and never again
 * @param state active, expired or revoked
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
record KeyView(
        String id,
        String key,
        String tenant,
        String name,
        List<String> scopes,
        String state,
        Instant createdAt,
        Instant expiresAt,
        Instant revokedAt,
        String replacedBy,
        LocalDate lastUsedOn) {

    static KeyView of(KeyRow row, Instant now) {
        return of(row, null, now);
    }

    static KeyView of(KeyStore.Created made, Instant now) {
        return of(made.row(), made.key().reveal(), now);
    }

    private static KeyView of(KeyRow row, String key, Instant now) {
        String state = row.revokedAt() != null
                ? "revoked"
                : row.expiresAt() != null && !row.expiresAt().isAfter(now) ? "expired" : "active";
        return new KeyView(
                row.keyId(),
                key,
                row.tenantId(),
                row.name(),
                row.scopes(),
                state,
                row.createdAt(),
                row.expiresAt(),
                row.revokedAt(),
                row.replacedBy(),
                row.lastUsedOn());
    }
}
