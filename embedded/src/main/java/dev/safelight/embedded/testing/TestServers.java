package dev.safelight.embedded.testing;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.embedded.Folders;
import dev.safelight.embedded.LocalKafka;
import dev.safelight.embedded.LocalPostgres;
import dev.safelight.migrations.Migrations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The servers that the tests of one JVM share: started at first use, stopped with the JVM. A test that stops or wipes a
 * server starts one of its own instead.
 */
public final class TestServers {
    private static final String TEMPLATE = "migrated";
    private static final int POOL = 12;
    private static final AtomicInteger DATABASES = new AtomicInteger();

    private static Path folder;
    private static LocalPostgres postgres;
    private static LocalKafka kafka;

    private TestServers() {}

    /** A new database with all migrations applied, which nobody else uses. */
    public static synchronized DatabaseSettings newDatabase() {
        if (postgres == null) {
            postgres = LocalPostgres.start(folder().resolve("postgres"), 0);
            postgres.createDatabase(TEMPLATE, "template1");
            Migrations.apply(postgres.settings(TEMPLATE, 1));
            System.out.println("servers: embedded Postgres on port " + postgres.port());
        }
        String name = "test" + DATABASES.incrementAndGet();
        postgres.createDatabase(name, TEMPLATE);
        return postgres.settings(name, POOL);
    }

    /** The shared broker; tests keep apart by queue names of their own. */
    public static synchronized LocalKafka kafka() {
        if (kafka == null) {
            kafka = LocalKafka.start(folder().resolve("kafka"), 0);
            System.out.println("servers: embedded Kafka at " + kafka.bootstrapServers());
        }
        return kafka;
    }

    /** A new empty folder that goes with the JVM. */
    public static synchronized Path newFolder(String name) {
        try {
            return Files.createTempDirectory(folder(), name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path folder() {
        if (folder == null) {
            try {
                folder = Files.createTempDirectory("safelight-test");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            Runtime.getRuntime().addShutdownHook(new Thread(TestServers::stop, "test-servers-stop"));
        }
        return folder;
    }

    private static synchronized void stop() {
        if (kafka != null) {
            kafka.stop();
        }
        if (postgres != null) {
            postgres.stop();
        }
        Folders.delete(folder);
    }
}
