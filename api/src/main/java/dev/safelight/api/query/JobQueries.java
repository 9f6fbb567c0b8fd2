package dev.safelight.api.query;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Jdbi;

/** Reads jobs. */
public final class JobQueries {
    /** Positions are exact up to here. */
    static final int MOST_AHEAD = 1000;

    private static final String JOB = Sql.of(JobQueries.class, "job");
    private static final String PAGE = Sql.of(JobQueries.class, "page");
    private static final String AHEAD = Sql.of(JobQueries.class, "ahead");
    private static final String OUTPUT = Sql.of(JobQueries.class, "output");
    private static final String WITHHELD = Sql.of(JobQueries.class, "withheld");

    private final Jdbi jdbi;

    public JobQueries(Database database) {
        this.jdbi = database.jdbi();
    }

    /** @param before list what is older than this job; empty for the newest */
    public record Filter(Optional<JobState> state, Optional<String> model, Optional<UUID> before) {}

    /**
     * Where the bytes of an image are; {@code sha256} in hex.
     *
     * @param expiresAt until when it is kept, or null
     * @param expired whether that is over
     * @param secondsLeft until then; a year where it is kept
     */
    public record StoredOutput(
            String objectKey,
            String contentType,
            long bytes,
            String sha256,
            Instant expiresAt,
            boolean expired,
            long secondsLeft) {}

    public Optional<JobRow> find(JobKey key) {
        return jdbi.withHandle(handle -> handle.createQuery(JOB)
                .bind("tenant_id", key.tenantId())
                .bind("job_id", key.jobId())
                .map(JobRow::map)
                .findOne());
    }

    /** @return at most so many jobs, newest first */
    public List<JobRow> page(String tenantId, Filter filter, int most) {
        return jdbi.withHandle(handle -> handle.createQuery(PAGE)
                .bind("tenant_id", tenantId)
                .bind("before", filter.before().orElse(null))
                .bind("state", filter.state().map(JobState::word).orElse(null))
                .bind("model", filter.model().orElse(null))
                .bind("most", most)
                .map(JobRow::map)
                .list());
    }

    /** How many queued jobs come before this one, at most {@link #MOST_AHEAD}. */
    int ahead(JobRow job) {
        return jdbi.withHandle(handle -> handle.createQuery(AHEAD)
                .bind("queue", job.queue())
                .bind("priority", job.priority().rank())
                .bind("job_id", job.key().jobId())
                .bind("most", MOST_AHEAD)
                .mapTo(int.class)
                .one());
    }

    Optional<StoredOutput> output(JobKey key, int ordinal) {
        return jdbi.withHandle(handle -> handle.createQuery(OUTPUT)
                .bind("tenant_id", key.tenantId())
                .bind("job_id", key.jobId())
                .bind("ordinal", ordinal)
                .map((row, context) -> new StoredOutput(
                        row.getString("object_key"),
                        row.getString("content_type"),
                        row.getLong("bytes"),
                        row.getString("sha256"),
                        instant(row, "expires_at"),
                        row.getBoolean("expired"),
                        row.getLong("seconds_left")))
                .findOne());
    }

    /** Whether the safety check withheld the image. */
    boolean withheld(JobKey key, int ordinal) {
        return jdbi.withHandle(handle -> handle.createQuery(WITHHELD)
                .bind("tenant_id", key.tenantId())
                .bind("job_id", key.jobId())
                .bind("ordinal", ordinal)
                .mapTo(boolean.class)
                .one());
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }
}
