package dev.safelight.api.submit;

import dev.safelight.common.store.Sql;
import java.lang.reflect.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/**
 * Inserts many jobs with one statement, and but for tenants near their limit that is all of the transaction. Plain JDBC with arrays: this is the statement
 * whose cost every submit pays.
 */
final class JobInsert {
    private static final String INSERT = Sql.of(JobInsert.class, "insert");
    private static final String TRY_LOCK = Sql.of(JobInsert.class, "try_backlog_lock");
    private static final String LOCK = Sql.of(JobInsert.class, "backlog_lock");

    private final DataSource database;

    JobInsert(DataSource database) {
        this.database = database;
    }

    /**
     * What became of a group.
     *
     * @param created when each inserted job was created; a job that is in none of the three was in conflict with a row
     * @param withoutPlace jobs for which their tenant's limit left no room
     * @param later jobs that were not tried, because another group counts their tenant's at this moment
     */
    record Result(Map<UUID, Instant> created, Set<UUID> withoutPlace, List<Submission> later) {}

    /**
     * Inserts and commits.
     *
     * @param group sorted by tenant and idempotency key
     * @param limits what those tenants may have waiting that are near it
     */
    Result insert(List<Submission> group, Map<String, Integer> limits) throws SQLException {
        try (Connection connection = database.getConnection()) {
            if (limits.isEmpty()) {
                return insert(connection, group, limits, List.of());
            }
            connection.setAutoCommit(false);
            Set<String> locked = tryLock(connection, limits.keySet());
            if (group.stream().noneMatch(free(limits, locked))) {
                // Nothing else to do, and nothing held that anybody could wait for.
                String first = group.getFirst().key().tenantId();
                lock(connection, first);
                locked = Set.of(first);
            }
            Map<Boolean, List<Submission>> parts =
                    group.stream().collect(Collectors.partitioningBy(free(limits, locked)));
            Result result = insert(connection, parts.get(true), limits, parts.get(false));
            connection.commit();
            return result;
        }
    }

    /**
     * Inserts jobs of one tenant in a transaction of the caller's, after having waited for those who count its jobs.
     *
     * @param limits of that tenant, or empty
     */
    Result insert(Connection transaction, List<Submission> group, Map<String, Integer> limits) throws SQLException {
        for (String tenantId : limits.keySet()) {
            lock(transaction, tenantId);
        }
        return insert(transaction, group, limits, List.of());
    }

    private static Predicate<Submission> free(Map<String, Integer> limits, Set<String> locked) {
        return submission -> !limits.containsKey(submission.key().tenantId())
                || locked.contains(submission.key().tenantId());
    }

    private static Set<String> tryLock(Connection connection, Set<String> tenantIds) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(TRY_LOCK)) {
            statement.setArray(1, connection.createArrayOf("text", tenantIds.toArray()));
            Set<String> locked = new HashSet<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    locked.add(rows.getString(1));
                }
            }
            return locked;
        }
    }

    private static void lock(Connection connection, String tenantId) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(LOCK)) {
            statement.setString(1, tenantId);
            statement.execute();
        }
    }

    private static Result insert(
            Connection connection, List<Submission> group, Map<String, Integer> limits, List<Submission> later)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(INSERT)) {
            Columns columns = new Columns(connection, statement, group);
            columns.set("text", String.class, submission -> submission.key().tenantId());
            columns.set("uuid", UUID.class, submission -> submission.key().jobId());
            columns.set("uuid", UUID.class, Submission::retryOf);
            columns.set("text", String.class, Submission::queue);
            columns.set("text", String.class, Submission::model);
            columns.set("text", String.class, Submission::bundle);
            columns.set("smallint", Short.class, submission ->
                    (short) submission.priority().rank());
            columns.set("text", String.class, Submission::input);
            columns.set("text", String.class, Submission::metadata);
            columns.set("integer", Integer.class, Submission::previewEvery);
            columns.set("text", String.class, Submission::idempotencyKey);
            columns.set(
                    "text",
                    String.class,
                    submission -> submission.requestHash() == null
                            ? null
                            : HexFormat.of().formatHex(submission.requestHash()));
            columns.set("text", String.class, Submission::traceparent);
            columns.set("integer", Integer.class, Submission::steps);
            columns.set("integer", Integer.class, Submission::expiresIn);
            columns.set("text", String.class, Submission::webhook);
            columns.set(
                    "timestamptz",
                    String.class,
                    submission -> submission.times().startBy() == null
                            ? null
                            : submission.times().startBy().toString());
            columns.set(
                    "integer", Integer.class, submission -> submission.times().startWithin());
            columns.set(
                    "integer", Integer.class, submission -> submission.times().timeout());
            columns.set(
                    "integer",
                    Integer.class,
                    submission -> limits.get(submission.key().tenantId()));
            Map<UUID, Instant> created = HashMap.newHashMap(group.size());
            Set<UUID> withoutPlace = new HashSet<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    UUID job = rows.getObject(1, UUID.class);
                    OffsetDateTime createdAt = rows.getObject(2, OffsetDateTime.class);
                    if (createdAt != null) {
                        created.put(job, createdAt.toInstant());
                    } else if (rows.getBoolean(3)) {
                        withoutPlace.add(job);
                    }
                }
            }
            return new Result(created, withoutPlace, later);
        }
    }

    private static final class Columns {
        private final Connection connection;
        private final PreparedStatement statement;
        private final List<Submission> group;
        private int index;

        Columns(Connection connection, PreparedStatement statement, List<Submission> group) {
            this.connection = connection;
            this.statement = statement;
            this.group = group;
        }

        <T> void set(String type, Class<T> element, Function<Submission, T> value) throws SQLException {
            Object[] values = (Object[]) Array.newInstance(element, group.size());
            for (int i = 0; i < values.length; i++) {
                values[i] = value.apply(group.get(i));
            }
            statement.setArray(++index, connection.createArrayOf(type, values));
        }
    }
}
