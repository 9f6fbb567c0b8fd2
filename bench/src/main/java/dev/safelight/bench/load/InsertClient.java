package dev.safelight.bench.load;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.store.Sql;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/**
 * What the API is compared with: inserts the row that a submit makes, with nothing around it, in a durable transaction
 * each.
 */
public final class InsertClient implements ClosedLoop.Client {
    private static final String INSERT = Sql.of(InsertClient.class, "insert_like");

    private final Connection connection;
    private final PreparedStatement insert;
    private final SubmittedRow row;

    public InsertClient(DatabaseSettings database, SubmittedRow row) throws SQLException {
        this.connection = DriverManager.getConnection(database.url(), database.user(), database.password());
        this.insert = connection.prepareStatement(INSERT);
        this.row = row;
    }

    @Override
    public void once() throws SQLException {
        insert.setString(1, row.tenant());
        insert.setObject(2, JobIds.next());
        insert.setString(3, row.queue());
        insert.setString(4, row.model());
        insert.setString(5, row.bundle());
        insert.setInt(6, row.priority());
        insert.setString(7, row.input());
        insert.setInt(8, row.steps());
        insert.executeUpdate();
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
