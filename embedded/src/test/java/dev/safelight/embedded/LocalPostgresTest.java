package dev.safelight.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LocalPostgresTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path folder = TestServers.newFolder("postgres");

    @Test
    void keepsCommittedRowsAcrossStopAndKill() throws SQLException {
        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            postgres.createDatabase("safelight", "template1");
            execute(postgres.settings("safelight", 1), "CREATE TABLE kept (n int)");
            execute(postgres.settings("safelight", 1), "INSERT INTO kept VALUES (1)");
            postgres.stop();
            postgres.start();
            execute(postgres.settings("safelight", 1), "INSERT INTO kept VALUES (2)");
            postgres.kill();
            postgres.start();
            assertThat(folder.resolve("postgres.log"))
                    .as("it had no time to stop in order")
                    .content()
                    .contains("was not properly shut down; automatic recovery in progress");
            assertThat(query(postgres.settings("safelight", 1), "SELECT string_agg(n::text, ',' ORDER BY n) FROM kept"))
                    .isEqualTo("1,2");
        }
    }

    @Test
    void waitsForTheDiskAndListensOnLoopbackOnly() throws SQLException {
        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            DatabaseSettings settings = postgres.settings("postgres", 1);
            assertThat(query(settings, "SHOW fsync")).isEqualTo("on");
            assertThat(query(settings, "SHOW synchronous_commit")).isEqualTo("on");
            assertThat(query(settings, "SHOW full_page_writes")).isEqualTo("on");
            assertThat(query(settings, "SHOW listen_addresses")).isEqualTo("127.0.0.1");
        }
    }

    @Test
    void letsNobodyInWithoutThePasswordAndOurRoleIsNoSuperuser() throws Exception {
        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            DatabaseSettings settings = postgres.settings("postgres", 1);
            for (String user : List.of("postgres", settings.user())) {
                assertThatThrownBy(() -> DriverManager.getConnection(settings.url(), user, "guess"))
                        .isInstanceOf(SQLException.class)
                        .hasMessageContaining("password authentication failed");
            }
            assertThat(query(settings, "SHOW is_superuser")).isEqualTo("off");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("password"))))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void startsOverWhatAKilledProcessLeftRunning() throws SQLException {
        try (JavaProcess first = JavaProcess.start(PostgresMain.class, List.of(), Map.of(), folder.toString(), "0")) {
            String[] ready =
                    first.awaitLine(line -> line.startsWith("ready "), PATIENCE).split(" ");
            DatabaseSettings settings = new DatabaseSettings(ready[1], ready[2], ready[3], 1);
            execute(settings, "CREATE TABLE kept AS SELECT 7 AS n");
            first.kill();
            assertThat(query(settings, "SELECT n FROM kept"))
                    .as("the orphan still serves")
                    .isEqualTo("7");
        }
        try (LocalPostgres second = LocalPostgres.start(folder, 0)) {
            assertThat(query(second.settings("safelight", 1), "SELECT n FROM kept"))
                    .isEqualTo("7");
        }
    }

    /** Neither leaves a server behind: a stop that it does not heed, and a kill in the middle of one. */
    @Test
    void aServerThatStandsStillIsKilled() throws Exception {
        LocalPostgres postgres = LocalPostgres.start(folder, 0);
        long pid = Long.parseLong(Files.readAllLines(folder.resolve("data").resolve("postmaster.pid"))
                .getFirst());
        assertThat(new ProcessBuilder("kill", "-STOP", Long.toString(pid))
                        .start()
                        .waitFor())
                .isZero();
        Thread stop = Thread.ofVirtual().start(postgres::stop);
        postgres.kill();
        assertThat(stop.join(PATIENCE)).isTrue();
        assertThat(ProcessHandle.of(pid)).isEmpty();
    }

    @Test
    void saysWhichPortIsInUse() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> LocalPostgres.start(folder, taken.getLocalPort()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("port " + taken.getLocalPort() + ", which PostgreSQL wants, is in use");
        }
    }

    private static void execute(DatabaseSettings settings, String sql) throws SQLException {
        try (Connection connection = connect(settings);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String query(DatabaseSettings settings, String sql) throws SQLException {
        try (Connection connection = connect(settings);
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private static Connection connect(DatabaseSettings settings) throws SQLException {
        return DriverManager.getConnection(settings.url(), settings.user(), settings.password());
    }
}
