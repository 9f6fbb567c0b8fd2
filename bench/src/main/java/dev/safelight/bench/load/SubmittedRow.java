package dev.safelight.bench.load;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.store.Sql;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** The columns that a submit fills, as the API filled them. */
public record SubmittedRow(
        String tenant, String queue, String model, String bundle, int priority, String input, int steps) {
    private static final String ANY = Sql.of(SubmittedRow.class, "submitted_row");

    /** Of any job that was submitted without metadata, key and trace. */
    public static SubmittedRow read(DatabaseSettings database) throws SQLException {
        try (Connection connection = DriverManager.getConnection(database.url(), database.user(), database.password());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(ANY)) {
            if (!row.next()) {
                throw new SQLException("no job was submitted");
            }
            return new SubmittedRow(
                    row.getString(1),
                    row.getString(2),
                    row.getString(3),
                    row.getString(4),
                    row.getInt(5),
                    row.getString(6),
                    row.getInt(7));
        }
    }
}
