package dev.safelight.migrations;

import dev.safelight.common.config.DatabaseSettings;
import org.flywaydb.core.Flyway;

/** Brings a database to the newest schema. Any number of processes may run it at once: Flyway locks. */
public final class Migrations {
    private Migrations() {}

    /** @return how many migrations were applied */
    public static int apply(DatabaseSettings settings) {
        return Flyway.configure(Migrations.class.getClassLoader())
                .dataSource(settings.url(), settings.user(), settings.password())
                .locations("classpath:dev/safelight/migrations")
                .connectRetries(30)
                .connectRetriesInterval(2)
                .load()
                .migrate()
                .migrationsExecuted;
    }
}
