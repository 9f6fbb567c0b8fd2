package dev.safelight.common.config;

/** Where Kafka is. */
public record KafkaSettings(String bootstrapServers, int partitions, short replication) {
    public static KafkaSettings read(Settings settings) {
        return new KafkaSettings(
                settings.required("SAFELIGHT_KAFKA", "bootstrap servers of Kafka, host:9092,host:9092"),
                settings.integer(
                        "SAFELIGHT_KAFKA_PARTITIONS", 1, 1, 1000, "partitions of a topic this process creates"),
                (short) settings.integer(
                        "SAFELIGHT_KAFKA_REPLICATION", 1, 1, 9, "replicas of a topic this process creates"));
    }
}
