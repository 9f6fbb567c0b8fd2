package dev.safelight.api.webhook;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.safelight.common.wire.Json;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jdbi.v3.core.statement.StatementContext;

/**
 * A delivery as its tenant sees it.
 *
 * @param id also the message's webhook-id
 * @param jobId null for a test
 * @param endpointId null for the job's own webhook
 * @param nextAttemptAt while pending, else null
 * @param settledAt when it was delivered or had failed for good, else null
 * @param error why it failed for good, else null
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
record DeliveryView(
        UUID id,
        String type,
        UUID jobId,
        UUID endpointId,
        String state,
        Instant occurredAt,
        Instant nextAttemptAt,
        Instant settledAt,
        String error,
        List<Attempt> attempts) {

    /**
     * @param durationMs milliseconds; null while it is under way, or for ever where its process died
     * @param status of the reply; null without one
     * @param error why it was no success, else null
     * @param reply the first 1,024 bytes of the reply's body
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Attempt(int attempt, Instant startedAt, Integer durationMs, Integer status, String error, String reply) {}

    /** As the statement writes an attempt. */
    private record AttemptRow(
            int attempt, Instant startedAt, Integer durationMs, Integer status, String error, String reply) {
        Attempt view() {
            return new Attempt(attempt, startedAt, durationMs, status, error, reply);
        }
    }

    static DeliveryView map(ResultSet row, StatementContext context) throws SQLException {
        String event = row.getString("event");
        String state = row.getString("state");
        String attempts = row.getString("attempt_list");
        return new DeliveryView(
                row.getObject("delivery_id", UUID.class),
                event.equals("test") ? "webhook.test" : "job." + event,
                row.getObject("job_id", UUID.class),
                row.getObject("endpoint_id", UUID.class),
                state,
                instant(row, "occurred_at"),
                state.equals("pending") ? instant(row, "next_attempt_at") : null,
                instant(row, "settled_at"),
                row.getString("error"),
                attempts == null
                        ? List.of()
                        : Stream.of(Json.read(attempts, AttemptRow[].class))
                                .map(AttemptRow::view)
                                .toList());
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }
}
