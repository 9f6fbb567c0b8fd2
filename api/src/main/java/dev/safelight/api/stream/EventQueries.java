package dev.safelight.api.stream;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import dev.safelight.common.wire.Json;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jdbi.v3.core.Jdbi;

/**
 * Reads what happened to jobs. Every event is inserted by the statement that moves its job, after that statement has locked
 * the job's row; so the ids of one job's events increase in the order of their commits, and nothing can appear later before
 * an event that was read.
 */
final class EventQueries {
    private static final String EVENTS = Sql.of(EventQueries.class, "events");
    private static final String ATTEMPT = Sql.of(EventQueries.class, "attempt");

    private final Jdbi jdbi;

    EventQueries(Database database) {
        this.jdbi = database.jdbi();
    }

    /**
     * @param positions by job, the id of the last event that is known; negative for none
     * @return later events in their order; jobs without any are absent
     */
    Map<JobKey, List<EventRow>> after(Map<JobKey, Long> positions) {
        List<JobKey> jobs = List.copyOf(positions.keySet());
        Map<JobKey, List<EventRow>> found = new HashMap<>();
        jdbi.useHandle(handle -> handle.createQuery(EVENTS)
                .bind("tenant_ids", jobs.stream().map(JobKey::tenantId).toArray(String[]::new))
                .bind("job_ids", jobs.stream().map(JobKey::jobId).toArray(UUID[]::new))
                .bind("after", jobs.stream().map(positions::get).toArray(Long[]::new))
                .map((row, context) -> Map.entry(
                        new JobKey(row.getString("tenant_id"), row.getObject("job_id", UUID.class)), event(row)))
                .forEach(entry -> found.computeIfAbsent(entry.getKey(), job -> new ArrayList<>())
                        .add(entry.getValue())));
        return found;
    }

    /** The attempt that runs as far as a client at this position can know; 0 for none. */
    int attempt(JobKey job, long position) {
        return jdbi.withHandle(handle -> handle.createQuery(ATTEMPT)
                .bind("tenant_id", job.tenantId())
                .bind("job_id", job.jobId())
                .bind("position", position)
                .mapTo(int.class)
                .findOne()
                .orElse(0));
    }

    private static EventRow event(ResultSet row) throws SQLException {
        String data = row.getString("data");
        return new EventRow(
                row.getLong("event_id"),
                row.getString("type"),
                row.getInt("attempt"),
                data == null ? null : Json.read(data, JsonNode.class),
                row.getObject("created_at", OffsetDateTime.class).toInstant());
    }
}
