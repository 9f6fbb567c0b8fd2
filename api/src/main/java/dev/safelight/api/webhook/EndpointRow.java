package dev.safelight.api.webhook;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import org.jdbi.v3.core.statement.StatementContext;

/**
 * A tenant's endpoint as Postgres has it.
 *
 * @param description or null
 * @param disabledAt null while it is enabled
 * @param disabledReason requested or gone; null while it is enabled
 */
record EndpointRow(
        String tenantId,
        UUID endpointId,
        String url,
        String description,
        List<String> events,
        Instant createdAt,
        Instant disabledAt,
        String disabledReason) {
    boolean enabled() {
        return disabledAt == null;
    }

    static EndpointRow map(ResultSet row, StatementContext context) throws SQLException {
        OffsetDateTime disabledAt = row.getObject("disabled_at", OffsetDateTime.class);
        return new EndpointRow(
                row.getString("tenant_id"),
                row.getObject("endpoint_id", UUID.class),
                row.getString("url"),
                row.getString("description"),
                List.of((String[]) row.getArray("events").getArray()),
                row.getObject("created_at", OffsetDateTime.class).toInstant(),
                disabledAt == null ? null : disabledAt.toInstant(),
                row.getString("disabled_reason"));
    }
}
