package dev.safelight.embedded;

import dev.safelight.common.config.DatabaseSettings;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One PostgreSQL server beside this process, on the loopback interface, from binaries that come as a jar. Durable:
 * its folder keeps the data, and commits wait for the disk.
 */
public final class LocalPostgres implements AutoCloseable {
    private static final String SUPERUSER = "postgres";

    private final Path folder;
    private final int port;
    private EmbeddedPostgres server;

    private LocalPostgres(Path folder, int port) {
        this.folder = folder;
        this.port = port;
    }

    /**
     * Starts a server, initialising the folder if it is new; what a killed server left behind is recovered.
     *
     * @param port where clients connect; 0 takes a free one, which later restarts keep
     */
    public static LocalPostgres start(Path folder, int port) {
        LocalPostgres postgres = new LocalPostgres(folder.toAbsolutePath(), port == 0 ? freePort() : port);
        postgres.start();
        return postgres;
    }

    /** Starts again after {@link #stop()}, with the same folder and port. */
    public synchronized void start() {
        if (server != null) {
            throw new IllegalStateException("already running");
        }
        try {
            Files.createDirectories(folder.getParent());
            stopOrphan();
            server = EmbeddedPostgres.builder()
                    .setDataDirectory(folder)
                    .setCleanDataDirectory(false)
                    .setPort(port)
                    .setPGStartupWait(Duration.ofSeconds(60))
                    .setServerConfig("listen_addresses", "127.0.0.1")
                    .setServerConfig("max_connections", "200")
                    .setServerConfig("shared_buffers", "64MB")
                    .setServerConfig("fsync", "on")
                    .setServerConfig("synchronous_commit", "on")
                    .setServerConfig("full_page_writes", "on")
                    .setOutputRedirector(ProcessBuilder.Redirect.appendTo(
                            folder.resolveSibling("postgres.log").toFile()))
                    .setErrorRedirector(ProcessBuilder.Redirect.appendTo(
                            folder.resolveSibling("postgres.log").toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("PostgreSQL did not start; see " + folder.resolveSibling("postgres.log"), e);
        }
    }

    /** How to reach the database {@code name}; see {@link #createDatabase}. */
    public DatabaseSettings settings(String name, int poolSize) {
        return new DatabaseSettings("jdbc:postgresql://127.0.0.1:" + port + "/" + name, SUPERUSER, "", poolSize);
    }

    /** Creates a database unless it exists, as a copy of {@code template} ({@code template1} for an empty one). */
    public void createDatabase(String name, String template) {
        try (Connection connection =
                        DriverManager.getConnection(settings("postgres", 1).url(), SUPERUSER, "");
                Statement statement = connection.createStatement()) {
            boolean exists = statement
                    .executeQuery("SELECT 1 FROM pg_database WHERE datname = '" + name + "'")
                    .next();
            if (!exists) {
                statement.execute("CREATE DATABASE \"" + name + "\" TEMPLATE \"" + template + "\"");
            }
        } catch (SQLException e) {
            throw new IllegalStateException("cannot create the database " + name + ": " + e.getMessage(), e);
        }
    }

    public int port() {
        return port;
    }

    public synchronized void stop() {
        if (server != null) {
            try {
                server.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                server = null;
            }
        }
    }

    @Override
    public void close() {
        stop();
    }

    /**
     * A process that was killed leaves its server running, and two servers cannot share a folder. Whoever starts here
     * owns the folder, so the orphan is asked to stop, and killed if it does not: Postgres recovers from that.
     */
    private void stopOrphan() throws IOException {
        Path pidFile = folder.resolve("postmaster.pid");
        if (Files.notExists(pidFile)) {
            return;
        }
        long pid = Long.parseLong(Files.readAllLines(pidFile).getFirst().strip());
        Optional<ProcessHandle> orphan = ProcessHandle.of(pid)
                .filter(process -> process.info().command().orElse("").endsWith("postgres"));
        if (orphan.isPresent()) {
            orphan.get().destroy();
            try {
                orphan.get().onExit().get(10, TimeUnit.SECONDS);
            } catch (InterruptedException | ExecutionException | TimeoutException e) {
                orphan.get().destroyForcibly();
                orphan.get().onExit().join();
            }
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new IllegalStateException("no free port on the loopback interface", e);
        }
    }
}
