package dev.safelight.api.submit;

import dev.safelight.api.http.Failures;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;

/** Inserts the jobs of one batch, which are all of one tenant, in one transaction. A few batches at a time. */
final class BatchInserter {
    private static final String SAME_REQUESTS = Sql.of(BatchInserter.class, "same_requests");
    private static final int AT_ONCE = 2;
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(12);
    private static final int MOST_TRIES = 5;

    private final DataSource database;
    private final JobInsert insert;
    private final Backlog backlog;
    private final Semaphore places = new Semaphore(AT_ONCE, true);

    /**
     * What became of a batch.
     *
     * @param created when each inserted job was created
     * @param withoutPlace jobs that the tenant's limit kept out
     * @param keyReused jobs whose key came with another request before; looked at only where all or none is wanted
     * @param committed false where nothing was made
     * @param unavailable whether that was because Postgres could not be asked, or too many batches wait
     */
    record Result(
            Map<UUID, Instant> created,
            Set<UUID> withoutPlace,
            int mostQueued,
            Set<UUID> keyReused,
            boolean committed,
            boolean unavailable) {
        static final Result UNAVAILABLE = new Result(Map.of(), Set.of(), 0, Set.of(), false, true);
    }

    BatchInserter(Database database, JobInsert insert, Backlog backlog) {
        this.database = database.dataSource();
        this.insert = insert;
        this.backlog = backlog;
    }

    /** @param atomic commits only when every job is there afterwards, be it as a replay */
    Result insert(List<Submission> batch, boolean atomic) throws InterruptedException, SQLException {
        if (!places.tryAcquire(LONGEST_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
            return Result.UNAVAILABLE;
        }
        try {
            List<Submission> sorted =
                    batch.stream().sorted(GroupInserter.LOCK_ORDER).toList();
            for (int tries = 1; ; tries++) {
                try {
                    return transaction(sorted, atomic);
                } catch (SQLException e) {
                    if (Failures.databaseUnavailable(e)) {
                        return Result.UNAVAILABLE;
                    }
                    if (tries == MOST_TRIES || !GroupInserter.tryAgain(e.getSQLState())) {
                        throw e;
                    }
                }
            }
        } finally {
            places.release();
        }
    }

    private Result transaction(List<Submission> batch, boolean atomic) throws SQLException {
        String tenantId = batch.getFirst().key().tenantId();
        Integer limit = backlog.nearLimit(tenantId);
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            JobInsert.Result result =
                    insert.insert(connection, batch, limit == null ? Map.of() : Map.of(tenantId, limit));
            List<Submission> inTheWay = batch.stream()
                    .filter(job -> !result.created().containsKey(job.key().jobId())
                            && !result.withoutPlace().contains(job.key().jobId()))
                    .toList();
            Set<UUID> reused = atomic ? keyReused(connection, inTheWay) : Set.of();
            boolean commit = !atomic || result.withoutPlace().isEmpty() && reused.isEmpty();
            if (!commit) {
                connection.rollback();
                return new Result(Map.of(), result.withoutPlace(), limit == null ? 0 : limit, reused, false, false);
            }
            connection.commit();
            backlog.accepted(tenantId, result.created().size());
            return new Result(
                    result.created(), result.withoutPlace(), limit == null ? 0 : limit, Set.of(), true, false);
        }
    }

    private static Set<UUID> keyReused(Connection connection, List<Submission> jobs) throws SQLException {
        List<Submission> keyed =
                jobs.stream().filter(job -> job.idempotencyKey() != null).toList();
        Set<UUID> reused = new HashSet<>();
        if (keyed.isEmpty()) {
            return reused;
        }
        try (PreparedStatement statement = connection.prepareStatement(SAME_REQUESTS)) {
            statement.setArray(
                    1,
                    array(
                            connection,
                            "text",
                            keyed.stream().map(job -> job.key().tenantId()).toArray()));
            statement.setArray(
                    2,
                    array(
                            connection,
                            "uuid",
                            keyed.stream().map(job -> job.key().jobId()).toArray()));
            statement.setArray(
                    3,
                    array(
                            connection,
                            "text",
                            keyed.stream().map(Submission::idempotencyKey).toArray()));
            statement.setArray(
                    4,
                    array(
                            connection,
                            "text",
                            keyed.stream()
                                    .map(job -> HexFormat.of().formatHex(job.requestHash()))
                                    .toArray()));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    reused.add(rows.getObject(1, UUID.class));
                }
            }
        }
        return reused;
    }

    private static java.sql.Array array(Connection connection, String type, Object[] values) throws SQLException {
        return connection.createArrayOf(type, values);
    }
}
