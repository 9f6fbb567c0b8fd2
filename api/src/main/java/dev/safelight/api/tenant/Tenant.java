package dev.safelight.api.tenant;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.jdbi.v3.core.statement.StatementContext;

/**
 * Somebody whose jobs nobody else sees, and what they may take. A limit that is null is none.
 *
 * @param weight its share of a device and of a queue, beside the other tenants that want them
 * @param requestsPerSecond of each API process
 * @param burst requests that may come at once
 * @param mostRunning jobs that run or are on their way to a worker
 * @param mostQueued jobs that wait
 * @param outputsExpireIn seconds for which outputs are kept whose job does not say; null keeps them
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record Tenant(
        String id,
        double weight,
        Double requestsPerSecond,
        Integer burst,
        Integer mostRunning,
        Integer mostQueued,
        Integer outputsExpireIn,
        Instant createdAt) {

    static Tenant map(ResultSet row, StatementContext context) throws SQLException {
        return new Tenant(
                row.getString("tenant_id"),
                row.getDouble("weight"),
                row.getObject("requests_per_second") == null ? null : row.getDouble("requests_per_second"),
                row.getObject("burst", Integer.class),
                row.getObject("most_running", Integer.class),
                row.getObject("most_queued", Integer.class),
                row.getObject("outputs_expire_in", Integer.class),
                row.getObject("created_at", OffsetDateTime.class).toInstant());
    }
}
