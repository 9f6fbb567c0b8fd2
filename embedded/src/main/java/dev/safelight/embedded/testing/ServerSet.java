package dev.safelight.embedded.testing;

import dev.safelight.common.config.DatabaseSettings;

/** A Postgres and a Kafka, started when first asked for. */
interface ServerSet {
    /** What the report calls them. */
    String name();

    /** The database, created as a copy of {@code template} unless it exists. */
    DatabaseSettings database(String database, String template, int poolSize);

    String bootstrapServers();

    void stop();
}
