package dev.safelight.standalone;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.embedded.LocalPostgres;
import dev.safelight.migrations.Migrations;
import java.nio.file.Path;
import java.util.Optional;

/** The database in a data folder of {@code up}: the one that runs, or else one that is started for as long as this is open. */
public final class DataDatabase implements AutoCloseable {
    private final DatabaseSettings settings;
    private final Runnable stop;

    private DataDatabase(DatabaseSettings settings, Runnable stop) {
        this.settings = settings;
        this.stop = stop;
    }

    /** @throws CannotStart when the folder cannot be used */
    public static DataDatabase open(Path folder) throws CannotStart {
        Optional<DatabaseSettings> running =
                LocalPostgres.running(folder.toAbsolutePath().resolve("postgres"), Standalone.DATABASE);
        if (running.isPresent()) {
            return new DataDatabase(running.get(), () -> {});
        }
        DataFolder data = DataFolder.open(folder);
        try {
            LocalPostgres postgres = LocalPostgres.start(data.postgres(), 0);
            try {
                postgres.createDatabase(Standalone.DATABASE, "template1");
                DatabaseSettings settings = postgres.settings(Standalone.DATABASE, 2);
                Migrations.apply(settings);
                return new DataDatabase(settings, () -> {
                    postgres.stop();
                    data.close();
                });
            } catch (RuntimeException e) {
                postgres.stop();
                throw e;
            }
        } catch (RuntimeException e) {
            data.close();
            throw new CannotStart("the database in " + folder + " cannot be used: " + e.getMessage(), e);
        }
    }

    public DatabaseSettings settings() {
        return settings;
    }

    @Override
    public void close() {
        stop.run();
    }
}
