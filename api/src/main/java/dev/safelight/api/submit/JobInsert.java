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
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import javax.sql.DataSource;

/**
 * Inserts many jobs with one statement, which is its own transaction. Plain JDBC with arrays: this is the statement
 * whose cost every submit pays.
 */
final class JobInsert {
    private static final String INSERT = Sql.of(JobInsert.class, "insert");

    private final DataSource database;

    JobInsert(DataSource database) {
        this.database = database;
    }

    /**
     * @param group sorted by tenant and idempotency key
     * @return when each inserted job was created; a job that is missing was in conflict with a row that is there
     */
    Map<UUID, Instant> insert(List<Submission> group) throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement(INSERT)) {
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
            Map<UUID, Instant> created = HashMap.newHashMap(group.size());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    created.put(
                            rows.getObject(1, UUID.class),
                            rows.getObject(2, OffsetDateTime.class).toInstant());
                }
            }
            return created;
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
