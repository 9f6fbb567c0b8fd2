package dev.safelight.embedded;

import dev.safelight.common.config.DatabaseSettings;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * One PostgreSQL server beside this process, on the loopback interface, from binaries that come as a jar. Durable: its
 * folder keeps the data, and commits wait for the disk. Databases belong to the role {@code safelight}, which is no
 * superuser; its password is drawn at the first start and lies beside the data, readable by the owner only.
 */
public final class LocalPostgres implements AutoCloseable {
    private static final String SUPERUSER = "postgres";
    private static final String ROLE = "safelight";

    /** Overrides what the library sets for throw-away servers, which among others is not to wait for the disk. */
    private static final Map<String, String> CONFIGURATION = Map.ofEntries(
            Map.entry("listen_addresses", "127.0.0.1"),
            Map.entry("unix_socket_directories", ""),
            Map.entry("max_connections", "200"),
            Map.entry("shared_buffers", "64MB"),
            Map.entry("max_wal_size", "256MB"),
            Map.entry("fsync", "on"),
            Map.entry("synchronous_commit", "on"),
            Map.entry("full_page_writes", "on"),
            Map.entry("log_checkpoints", "off"),
            Map.entry("timezone", "UTC"));

    private final Path data;
    private final Path log;
    private final Path passwordFile;
    private final int port;
    private volatile EmbeddedPostgres server;

    private LocalPostgres(Path folder, int port) {
        this.data = folder.resolve("data");
        this.log = folder.resolve("postgres.log");
        this.passwordFile = folder.resolve("password");
        this.port = port;
    }

    /**
     * Starts a server, initialising the folder if it is new; what a killed server left behind is recovered.
     *
     * @param port where clients connect; 0 takes a free one, which later restarts keep
     * @throws IllegalStateException when somebody listens on the port, or the server does not start
     */
    public static LocalPostgres start(Path folder, int port) {
        LocalPostgres postgres = new LocalPostgres(folder.toAbsolutePath(), port == 0 ? Ports.free() : port);
        postgres.start();
        return postgres;
    }

    /**
     * How to reach a server that runs on a folder, whoever started it.
     *
     * @param name of the database
     * @return empty when none runs
     */
    public static Optional<DatabaseSettings> running(Path folder, String name) {
        Path data = folder.toAbsolutePath().resolve("data");
        if (postmaster(data).isEmpty()) {
            return Optional.empty();
        }
        try {
            // The fourth line of the file is the port.
            int port = Integer.parseInt(
                    Files.readAllLines(data.resolve("postmaster.pid")).get(3).strip());
            return Optional.of(new LocalPostgres(folder.toAbsolutePath(), port).settings(name, 2));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts again after {@link #stop()} or {@link #kill()}, with the same folder and port. */
    public synchronized void start() {
        if (server != null) {
            throw new IllegalStateException("already running");
        }
        try {
            Files.createDirectories(data.getParent());
            stopOrphan(data);
            if (!Ports.isFree(port)) {
                throw new IllegalStateException("port " + port + ", which PostgreSQL wants, is in use");
            }
            Files.write(log, new byte[0]);
            boolean secured = Files.exists(passwordFile);
            if (!secured) {
                // The password is written last: without it a first start was cut off half-way.
                Folders.delete(data);
            }
            EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                    .setDataDirectory(data)
                    .setCleanDataDirectory(false)
                    // Whoever started the server decides when it stops: after all that still writes to it.
                    .setRegisterShutdownHook(false)
                    .setPort(port)
                    .setPGStartupWait(Duration.ofSeconds(60))
                    .setOutputRedirector(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .setErrorRedirector(ProcessBuilder.Redirect.appendTo(log.toFile()));
            CONFIGURATION.forEach(builder::setServerConfig);
            if (secured) {
                builder.setConnectConfig("password", password());
            }
            server = builder.start();
            if (!secured) {
                secure();
            }
        } catch (IOException | SQLException e) {
            throw new IllegalStateException("PostgreSQL did not start, see " + log + ": " + e.getMessage(), e);
        }
    }

    /** How to reach the database {@code name}; see {@link #createDatabase}. */
    public DatabaseSettings settings(String name, int poolSize) {
        return new DatabaseSettings(url(name), ROLE, password(), poolSize);
    }

    /** Creates a database unless it exists, as a copy of {@code template} ({@code template1} for an empty one). */
    public void createDatabase(String name, String template) {
        try (Connection connection = DriverManager.getConnection(url("postgres"), SUPERUSER, password());
                Statement statement = connection.createStatement()) {
            boolean exists = statement
                    .executeQuery("SELECT 1 FROM pg_database WHERE datname = '" + name + "'")
                    .next();
            if (!exists) {
                statement.execute("CREATE DATABASE \"" + name + "\" OWNER " + ROLE + " TEMPLATE \"" + template + "\"");
            }
        } catch (SQLException e) {
            throw new IllegalStateException("cannot create the database " + name + ": " + e.getMessage(), e);
        }
    }

    public int port() {
        return port;
    }

    /** Stops the server, ending its sessions; what is committed is on the disk. */
    public synchronized void stop() {
        if (server != null) {
            try {
                server.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                server = null;
                // The library gives up on a server that does not stop within seconds.
                killProcesses();
            }
        }
    }

    /** Kills all processes of a running server at once, as a power cut would; {@link #start()} then recovers. */
    public void kill() {
        if (server == null) {
            return;
        }
        // Not under the lock, which a stop that waits for this very server may hold.
        killProcesses();
        abandon();
    }

    private void killProcesses() {
        List<ProcessHandle> all = postmaster(data).stream()
                .flatMap(postmaster -> Stream.concat(Stream.of(postmaster), postmaster.descendants()))
                .toList();
        all.forEach(ProcessHandle::destroyForcibly);
        all.forEach(process -> process.onExit().join());
    }

    private synchronized void abandon() {
        if (server == null) {
            return;
        }
        try {
            // Only so that the library lets go of its lock on the folder.
            server.close();
        } catch (IOException | RuntimeException e) {
            // A dead server cannot be stopped in order; that was the point.
        }
        server = null;
    }

    @Override
    public void close() {
        stop();
    }

    /**
     * A process that was killed leaves its server running, and two servers cannot share a folder. Whoever starts here
     * owns the folder, so the orphan is asked to stop, and killed if it does not: Postgres recovers from that.
     */
    public static void stopOrphan(Path data) {
        Optional<ProcessHandle> orphan = postmaster(data);
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

    /** The server's first process, which outlives the process that started it. */
    private static Optional<ProcessHandle> postmaster(Path data) {
        Path pidFile = data.resolve("postmaster.pid");
        if (Files.notExists(pidFile)) {
            return Optional.empty();
        }
        try {
            long pid = Long.parseLong(Files.readAllLines(pidFile).getFirst().strip());
            // The number may be another process's by now.
            return ProcessHandle.of(pid)
                    .filter(process -> process.info().command().orElse("").endsWith("postgres"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Until here anybody on this machine could connect as anybody; from now on a password is asked for. */
    private void secure() throws IOException, SQLException {
        byte[] random = new byte[24];
        new SecureRandom().nextBytes(random);
        String password = HexFormat.of().formatHex(random);
        try (Connection connection = DriverManager.getConnection(url("postgres"), SUPERUSER, "");
                Statement statement = connection.createStatement()) {
            statement.execute("ALTER ROLE " + SUPERUSER + " PASSWORD '" + password + "'");
            statement.execute("DROP ROLE IF EXISTS " + ROLE);
            statement.execute("CREATE ROLE " + ROLE + " LOGIN PASSWORD '" + password + "'");
            Files.writeString(data.resolve("pg_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256\n");
            statement.execute("SELECT pg_reload_conf()");
        }
        // Last, and by a rename: a file without a password in the server would lock us out.
        Path unfinished = passwordFile.resolveSibling("password.new");
        Files.deleteIfExists(unfinished);
        PrivateFiles.write(unfinished, password);
        Files.move(unfinished, passwordFile);
    }

    private String password() {
        try {
            return Files.readString(passwordFile);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String url(String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
    }
}
