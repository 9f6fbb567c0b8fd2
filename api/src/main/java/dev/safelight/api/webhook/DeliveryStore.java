package dev.safelight.api.webhook;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.StatementContext;

/** The dispatcher's statements. Time is Postgres's. */
final class DeliveryStore {
    private static final String OVERDUE = Sql.of(DeliveryStore.class, "overdue");
    private static final String DUE_TARGETS = Sql.of(DeliveryStore.class, "due_targets");
    private static final String CLAIM = Sql.of(DeliveryStore.class, "claim");
    private static final String DELIVERED = Sql.of(DeliveryStore.class, "delivered");
    private static final String NOT_DELIVERED = Sql.of(DeliveryStore.class, "not_delivered");
    private static final String PAUSE = Sql.of(DeliveryStore.class, "pause");
    private static final String DISABLE_ENDPOINT = Sql.of(DeliveryStore.class, "disable_endpoint");
    private static final String END_WAITING = Sql.of(DeliveryStore.class, "end_waiting");
    private static final String JOB_GONE = Sql.of(DeliveryStore.class, "job_gone");
    private static final String PROGRESS_WANTED = Sql.of(DeliveryStore.class, "progress_wanted");
    private static final String PROGRESS_TURN = Sql.of(DeliveryStore.class, "progress_turn");
    private static final String FORGET = Sql.of(DeliveryStore.class, "forget");
    private static final String FORGET_REST = Sql.of(DeliveryStore.class, "forget_rest");

    private final Jdbi jdbi;

    DeliveryStore(Database database) {
        this.jdbi = database.jdbi();
    }

    /** Seconds that the oldest due delivery has waited; empty when none is due. */
    OptionalDouble overdue() {
        Double seconds = jdbi.withHandle(handle -> handle.createQuery(OVERDUE)
                .map((row, context) -> Optional.ofNullable(row.getObject(1, Double.class)))
                .one()
                .orElse(null));
        return seconds == null ? OptionalDouble.empty() : OptionalDouble.of(seconds);
    }

    /** Whom a message goes to, and whose it is. */
    record Target(String name, String tenantId) {}

    /**
     * @param after begin behind this target
     * @param full those that cannot take more
     * @param fullTenants those that cannot have more under way
     */
    List<Target> dueTargets(String after, List<String> full, List<String> fullTenants, int most) {
        return jdbi.withHandle(handle -> handle.createQuery(DUE_TARGETS)
                .bind("after", after)
                .bindArray("full", String.class, full)
                .bindArray("full_tenants", String.class, fullTenants)
                .bind("most", most)
                .map((row, context) -> new Target(row.getString("target"), row.getString("tenant_id")))
                .list());
    }

    /** @param rooms how many of each target */
    List<Due> claim(List<String> targets, List<Integer> rooms, Duration lease) {
        return jdbi.withHandle(handle -> handle.createQuery(CLAIM)
                .bindArray("targets", String.class, targets)
                .bindArray("rooms", Integer.class, rooms)
                .bind("lease", seconds(lease))
                .map(DeliveryStore::due)
                .list());
    }

    void delivered(Due due, Duration duration, Outcome.Replied reply) {
        jdbi.useHandle(handle -> handle.createUpdate(DELIVERED)
                .bind("tenant_id", due.tenantId())
                .bind("delivery_id", due.deliveryId())
                .bind("attempt", due.attempt())
                .bind("duration", (int) duration.toMillis())
                .bind("status", reply.status())
                .bind("reply", reply.body())
                .execute());
    }

    /**
     * @param error what this attempt met
     * @param delay until the next one; empty gives up
     */
    void notDelivered(Due due, Duration duration, Outcome outcome, String error, Optional<Duration> delay) {
        jdbi.useHandle(handle -> notDelivered(handle, due, duration, outcome, error, delay));
    }

    /** The receiver wants nothing more: its endpoint is disabled, or the job's webhook ended. */
    void gone(Due due, Duration duration, Outcome outcome, String error) {
        // First what many attempts may want to lock at once, then what only this one does: so none waits for another
        // twice.
        jdbi.useTransaction(handle -> {
            if (due.endpointId() == null) {
                handle.createUpdate(JOB_GONE)
                        .bind("tenant_id", due.tenantId())
                        .bind("job_id", due.jobId())
                        .bind("error", error)
                        .execute();
            } else {
                disable(handle, due.tenantId(), due.endpointId(), "gone", error);
            }
            notDelivered(handle, due, duration, outcome, error, Optional.empty());
        });
    }

    /** Ends what waits for the endpoint, too; two statements, so that the endpoint's row makes others wait before the second. */
    static void disable(Handle handle, String tenantId, UUID endpointId, String reason, String error) {
        handle.createUpdate(DISABLE_ENDPOINT)
                .bind("tenant_id", tenantId)
                .bind("endpoint_id", endpointId)
                .bind("reason", reason)
                .execute();
        handle.createUpdate(END_WAITING)
                .bind("tenant_id", tenantId)
                .bind("endpoint_id", endpointId)
                .bind("target", target(endpointId))
                .bind("error", error)
                .execute();
    }

    /** As the trigger writes it. */
    static String target(UUID endpointId) {
        return "endpoint " + endpointId;
    }

    /** Nothing goes to this target before so long. */
    void pause(String target, Duration pause) {
        jdbi.useHandle(handle -> handle.createUpdate(PAUSE)
                .bind("target", target)
                .bind("seconds", seconds(pause))
                .execute());
    }

    /** Messages about the progress of these jobs, where somebody wants any; their ids are new ones each time. */
    List<Due> progressWanted(List<JobKey> jobs) {
        return jdbi.withHandle(handle -> handle.createQuery(PROGRESS_WANTED)
                .bindArray(
                        "tenants",
                        String.class,
                        jobs.stream().map(JobKey::tenantId).toList())
                .bindArray("jobs", UUID.class, jobs.stream().map(JobKey::jobId).toList())
                .map(DeliveryStore::due)
                .list());
    }

    /** Whether nobody else has told of progress for so long; then it is our turn. */
    boolean progressTurn(Duration interval) {
        return jdbi.withHandle(handle -> handle.createUpdate(PROGRESS_TURN)
                        .bind("interval", seconds(interval))
                        .execute())
                == 1;
    }

    /** Removes what was settled so long ago. @return how many deliveries */
    int forget(Duration keep, int most) {
        return jdbi.withHandle(handle -> handle.createUpdate(FORGET)
                .bind("keep", seconds(keep))
                .bind("most", most)
                .execute());
    }

    /** Removes pauses and secrets that have ended. */
    void forgetRest() {
        jdbi.useHandle(handle -> handle.createUpdate(FORGET_REST).execute());
    }

    private static void notDelivered(
            Handle handle, Due due, Duration duration, Outcome outcome, String error, Optional<Duration> delay) {
        Outcome.Replied reply = outcome instanceof Outcome.Replied replied ? replied : null;
        handle.createUpdate(NOT_DELIVERED)
                .bind("tenant_id", due.tenantId())
                .bind("delivery_id", due.deliveryId())
                .bind("attempt", due.attempt())
                .bind("duration", (int) duration.toMillis())
                .bind("status", reply == null ? null : reply.status())
                .bind("reply", reply == null ? null : reply.body())
                .bind("error", error)
                .bind("verdict", error)
                .bind("delay", delay.map(DeliveryStore::seconds).orElse(null))
                .execute();
    }

    private static Due due(ResultSet row, StatementContext context) throws SQLException {
        return new Due(
                row.getString("tenant_id"),
                row.getObject("delivery_id", UUID.class),
                row.getObject("job_id", UUID.class),
                row.getObject("endpoint_id", UUID.class),
                row.getString("event"),
                row.getObject("occurred_at", OffsetDateTime.class).toInstant(),
                row.getString("target"),
                row.getInt("attempts"),
                row.getInt("failures"),
                row.getString("url"),
                List.of((String[]) row.getArray("secrets").getArray()),
                row.getString("traceparent"));
    }

    static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }
}
