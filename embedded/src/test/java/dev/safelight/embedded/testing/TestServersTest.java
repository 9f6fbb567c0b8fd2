package dev.safelight.embedded.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.config.DatabaseSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

class TestServersTest {
    @Test
    void everyDatabaseIsMigratedAndNewAndSharesNothing() throws SQLException {
        DatabaseSettings first = TestServers.newDatabase();
        DatabaseSettings second = TestServers.newDatabase();
        assertThat(first.url()).isNotEqualTo(second.url());
        try (Connection one = connect(first);
                Connection other = connect(second)) {
            assertThat(tables(one)).isEqualTo(tables(other)).isGreaterThan(2);
            one.createStatement().execute("CREATE TABLE only_here (n int)");
            assertThat(tables(one)).isEqualTo(tables(other) + 1);
        }
    }

    private static int tables(Connection connection) throws SQLException {
        try (var rows = connection
                .createStatement()
                .executeQuery("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    private static Connection connect(DatabaseSettings settings) throws SQLException {
        return DriverManager.getConnection(settings.url(), settings.user(), settings.password());
    }
}
