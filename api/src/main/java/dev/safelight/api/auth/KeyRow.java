package dev.safelight.api.auth;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.List;
import org.jdbi.v3.core.statement.StatementContext;

/**
 * A key as Postgres has it, which is without its secret.
 *
 * @param expiresAt or null
 * @param revokedAt or null
 * @param replacedBy id of the key that a rotation made of it, or null
 * @param lastUsedOn day in Postgres's time zone, or null
 */
public record KeyRow(
        String tenantId,
        String keyId,
        String name,
        List<String> scopes,
        Instant createdAt,
        Instant expiresAt,
        Instant revokedAt,
        String replacedBy,
        LocalDate lastUsedOn) {

    static KeyRow map(ResultSet row, StatementContext context) throws SQLException {
        return new KeyRow(
                row.getString("tenant_id"),
                row.getString("key_id"),
                row.getString("name"),
                List.of((String[]) row.getArray("scopes").getArray()),
                instant(row, "created_at"),
                instant(row, "expires_at"),
                instant(row, "revoked_at"),
                row.getString("replaced_by"),
                row.getObject("last_used_on", LocalDate.class));
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }
}
