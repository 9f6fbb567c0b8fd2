package dev.safelight.embedded.testing;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.embedded.LocalKafka;
import dev.safelight.embedded.LocalPostgres;
import java.nio.file.Path;

/** The servers of the module {@code embedded}. */
final class EmbeddedServers implements ServerSet {
    private final Path folder;
    private LocalPostgres postgres;
    private LocalKafka kafka;

    EmbeddedServers(Path folder) {
        this.folder = folder;
    }

    @Override
    public String name() {
        return "embedded";
    }

    @Override
    public DatabaseSettings database(String database, String template, int poolSize) {
        if (postgres == null) {
            postgres = LocalPostgres.start(folder.resolve("postgres"), 0);
        }
        postgres.createDatabase(database, template);
        return postgres.settings(database, poolSize);
    }

    @Override
    public String bootstrapServers() {
        if (kafka == null) {
            kafka = LocalKafka.start(folder.resolve("kafka"), 0);
        }
        return kafka.bootstrapServers();
    }

    @Override
    public void stop() {
        if (kafka != null) {
            kafka.stop();
        }
        if (postgres != null) {
            // Its folder goes too, and bringing dozens of databases to the disk before would take half a minute.
            postgres.kill();
        }
    }
}
