package dev.safelight.api.query;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.job.JobError;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.Preview;
import dev.safelight.common.wire.Json;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import org.jdbi.v3.core.statement.StatementContext;

/**
 * A job as Postgres has it.
 *
 * @param deadline the latest start, or null
 * @param timeout the longest run in seconds, from the first start on, or null
 * @param preview what its client wants to see meanwhile, or null
 * @param resumedFromStep where the present attempt went on; null when it began with noise
 * @param error of the failed job, or of the last failed attempt of one that goes on
 * @param expiresIn seconds for which the outputs are kept, as the request said; null where it said nothing
 * @param outputs the images that can be had, or could
 * @param reviews what the safety check said of images; those that it withheld are no outputs
 * @param webhook the column as it is, with its sealed secret; or null
 */
public record JobRow(
        JobKey key,
        UUID retryOf,
        String queue,
        String model,
        String bundle,
        Priority priority,
        JsonNode input,
        JsonNode metadata,
        Preview preview,
        JobState state,
        Instant createdAt,
        Instant availableAt,
        Instant deadline,
        Integer timeout,
        int attempt,
        int step,
        int steps,
        Integer resumedFromStep,
        Instant cancelRequestedAt,
        Instant startedAt,
        Instant finishedAt,
        JobError error,
        Integer expiresIn,
        List<OutputRow> outputs,
        List<ReviewRow> reviews,
        JsonNode webhook) {

    /** Of an image that is no output. */
    private static final String WITHHELD = "withheld";

    /**
     * One image; {@code sha256} in hex.
     *
     * @param expiresAt until when it is kept, or null
     * @param expired whether that is over; null where it is kept
     */
    public record OutputRow(
            int ordinal,
            String contentType,
            int width,
            int height,
            long bytes,
            String sha256,
            long seed,
            Instant expiresAt,
            Boolean expired) {}

    /**
     * What the safety check said of an image that did not simply pass.
     *
     * @param verdict {@code flagged}, {@code blurred} or {@code withheld}
     * @param score or null
     * @param reason or null
     */
    public record ReviewRow(int ordinal, String verdict, Double score, String reason, long seed) {
        boolean withheld() {
            return verdict.equals(WITHHELD);
        }
    }

    static JobRow map(ResultSet row, StatementContext context) throws SQLException {
        String outputs = row.getString("outputs");
        String reviews = row.getString("reviews");
        String error = row.getString("error");
        return new JobRow(
                new JobKey(row.getString("tenant_id"), row.getObject("job_id", UUID.class)),
                row.getObject("retry_of", UUID.class),
                row.getString("queue"),
                row.getString("model"),
                row.getString("bundle"),
                Priority.ofRank(row.getInt("priority")),
                json(row.getString("input")),
                json(row.getString("metadata")),
                row.getObject("preview_every") == null ? null : new Preview(row.getInt("preview_every")),
                JobState.of(row.getString("state")),
                instant(row, "created_at"),
                instant(row, "available_at"),
                instant(row, "deadline"),
                row.getObject("timeout_seconds", Integer.class),
                row.getInt("attempt"),
                row.getInt("step"),
                row.getInt("steps"),
                row.getObject("resumed_from_step", Integer.class),
                instant(row, "cancel_requested_at"),
                instant(row, "started_at"),
                instant(row, "finished_at"),
                error == null ? null : Json.read(error, JobError.class),
                row.getObject("expires_in", Integer.class),
                outputs == null ? List.of() : List.of(Json.read(outputs, OutputRow[].class)),
                reviews == null ? List.of() : List.of(Json.read(reviews, ReviewRow[].class)),
                json(row.getString("webhook")));
    }

    private static JsonNode json(String text) {
        return text == null ? null : Json.read(text, JsonNode.class);
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }
}
