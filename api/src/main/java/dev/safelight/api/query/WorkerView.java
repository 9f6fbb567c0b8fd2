package dev.safelight.api.query;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import org.jdbi.v3.core.statement.StatementContext;

/**
 * A worker as its last beat described it.
 *
 * @param live whether that beat is recent
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record WorkerView(
        UUID id,
        String host,
        String device,
        List<String> queues,
        List<String> models,
        int slots,
        int headroom,
        int running,
        boolean draining,
        boolean live,
        Instant startedAt,
        Instant lastBeatAt) {

    boolean takes(String queue, String model) {
        return live && !draining && queues.contains(queue) && models.contains(model);
    }

    static WorkerView map(ResultSet row, StatementContext context) throws SQLException {
        return new WorkerView(
                row.getObject("worker_id", UUID.class),
                row.getString("host"),
                row.getString("device"),
                List.of((String[]) row.getArray("queues").getArray()),
                List.of((String[]) row.getArray("models").getArray()),
                row.getInt("slots"),
                row.getInt("headroom"),
                row.getInt("running"),
                row.getBoolean("draining"),
                row.getBoolean("live"),
                row.getObject("started_at", OffsetDateTime.class).toInstant(),
                row.getObject("beat_at", OffsetDateTime.class).toInstant());
    }
}
