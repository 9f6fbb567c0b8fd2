package dev.safelight.embedded.testing;

import dev.safelight.common.config.DatabaseSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/** The same servers in containers; Testcontainers removes them with the JVM. */
final class ContainerServers implements ServerSet {
    private PostgreSQLContainer postgres;
    private KafkaContainer kafka;

    /** Whether a Docker engine answers; a client without an engine is common. */
    static boolean available() {
        return DockerClientFactory.instance().isDockerAvailable();
    }

    @Override
    public String name() {
        return "containers";
    }

    @Override
    public DatabaseSettings database(String database, String template, int poolSize) {
        if (postgres == null) {
            postgres = new PostgreSQLContainer(DockerImageName.parse("postgres:18"))
                    .withCommand("postgres", "-c", "max_connections=200");
            postgres.start();
        }
        try (Connection connection = DriverManager.getConnection(
                        postgres.getJdbcUrl(), postgres.getUsername(), postgres.getPassword());
                Statement statement = connection.createStatement()) {
            boolean exists = statement
                    .executeQuery("SELECT 1 FROM pg_database WHERE datname = '" + database + "'")
                    .next();
            if (!exists) {
                statement.execute("CREATE DATABASE \"" + database + "\" TEMPLATE \"" + template + "\"");
            }
        } catch (SQLException e) {
            throw new IllegalStateException("cannot create the database " + database + ": " + e.getMessage(), e);
        }
        String url = "jdbc:postgresql://" + postgres.getHost() + ":"
                + postgres.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT) + "/" + database;
        return new DatabaseSettings(url, postgres.getUsername(), postgres.getPassword(), poolSize);
    }

    @Override
    public String bootstrapServers() {
        if (kafka == null) {
            // The same node as LocalKafka's: share groups on one node, quick to hand out work.
            kafka = new KafkaContainer(DockerImageName.parse("apache/kafka:4.4.0"))
                    .withEnv("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
                    .withEnv("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR", "1")
                    .withEnv("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR", "1")
                    .withEnv("KAFKA_GROUP_SHARE_HEARTBEAT_INTERVAL_MS", "500")
                    .withEnv("KAFKA_GROUP_SHARE_MIN_HEARTBEAT_INTERVAL_MS", "100");
            kafka.start();
        }
        return kafka.getBootstrapServers();
    }

    @Override
    public void stop() {
        if (kafka != null) {
            kafka.stop();
        }
        if (postgres != null) {
            postgres.stop();
        }
    }
}
