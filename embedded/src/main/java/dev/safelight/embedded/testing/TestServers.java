package dev.safelight.embedded.testing;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.KafkaSettings;
import dev.safelight.embedded.Folders;
import dev.safelight.migrations.Migrations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The servers that the tests of one JVM share: started at first use, stopped with the JVM; in containers where a Docker
 * engine is, else embedded, and the output says which. A test that stops, kills or wipes a server starts a {@link
 * dev.safelight.embedded.LocalPostgres} or {@link dev.safelight.embedded.LocalKafka} of its own in a {@link #newFolder}
 * instead, and closes it.
 */
public final class TestServers {
    private static final String EMPTY = "template1";
    private static final String TEMPLATE = "migrated";
    private static final int POOL = 12;

    private static Path folder;
    private static ServerSet servers;
    private static int databases;

    private TestServers() {}

    /** A new database with all migrations applied, which nobody else uses. */
    public static synchronized DatabaseSettings newDatabase() {
        if (databases == 0) {
            Migrations.apply(servers().database(TEMPLATE, EMPTY, 1));
        }
        return servers().database("test" + ++databases, TEMPLATE, POOL);
    }

    /** The shared broker, which makes no topics by itself; tests keep apart by queue names of their own. */
    public static synchronized KafkaSettings kafka() {
        return new KafkaSettings(servers().bootstrapServers(), 1, (short) 1);
    }

    /** A new empty folder that goes with the JVM. */
    public static synchronized Path newFolder(String name) {
        try {
            return Files.createTempDirectory(folder(), name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ServerSet servers() {
        if (servers == null) {
            servers = ContainerServers.available() ? new ContainerServers() : new EmbeddedServers(folder());
            System.out.println("servers: " + servers.name());
        }
        return servers;
    }

    private static Path folder() {
        if (folder == null) {
            folder = TestFolder.create();
            Runtime.getRuntime().addShutdownHook(new Thread(TestServers::stop, "test-servers-stop"));
        }
        return folder;
    }

    private static synchronized void stop() {
        try {
            if (servers != null) {
                servers.stop();
            }
        } finally {
            Folders.delete(folder);
        }
    }
}
