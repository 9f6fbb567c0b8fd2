package dev.safelight.common.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {

    @Test
    void anAbsentOrBlankVariableTakesItsFallback() {
        Settings settings = new Settings(Map.of("SLOTS", "  "));
        assertThat(settings.integer("SLOTS", 16, 1, 64, "")).isEqualTo(16);
        assertThat(settings.duration("LEASE", "15s", "")).isEqualTo(Duration.ofSeconds(15));
        assertThat(settings.flag("STRICT", true, "")).isTrue();
        assertThat(settings.list("QUEUES", "default, large", "")).containsExactly("default", "large");
        settings.check();
    }

    @Test
    void everyProblemIsReportedAtOnceOneLineEach() {
        Settings settings = new Settings(Map.of("SLOTS", "none", "LEASE", "15", "STRICT", "maybe", "PORT", "99999"));
        settings.integer("SLOTS", 16, 1, 64, "");
        settings.integer("PORT", 8080, 0, 65535, "");
        settings.duration("LEASE", "15s", "");
        settings.flag("STRICT", false, "");
        settings.required("DATABASE", "where Postgres is");
        assertThatThrownBy(settings::check)
                .isInstanceOf(InvalidSettings.class)
                .satisfies(e -> assertThat(e.getMessage().lines())
                        .hasSize(5)
                        .anyMatch(line -> line.startsWith("SLOTS=none"))
                        .anyMatch(line -> line.contains("must be between 0 and 65535"))
                        .anyMatch(line -> line.contains("must be a duration"))
                        .anyMatch(line -> line.contains("must be true or false"))
                        .anyMatch(line -> line.equals("DATABASE is not set (where Postgres is)")));
    }

    @Test
    void whatDoesNotFitTogetherIsAProblemToo() {
        Settings settings = new Settings(Map.of());
        settings.require(true, "never said");
        settings.check();
        settings.require(false, "A must be shorter than B");
        assertThatThrownBy(settings::check).isInstanceOf(InvalidSettings.class).hasMessage("A must be shorter than B");
    }

    @Test
    void everyVariableOfTheSharedRecordsIsRead() {
        Settings settings = new Settings(Map.ofEntries(
                Map.entry("SAFELIGHT_DATABASE_URL", "jdbc:postgresql://db/safelight"),
                Map.entry("SAFELIGHT_DATABASE_USER", "someone"),
                Map.entry("SAFELIGHT_DATABASE_PASSWORD", "word"),
                Map.entry("SAFELIGHT_DATABASE_POOL", "5"),
                Map.entry("SAFELIGHT_KAFKA", "one:9092,two:9092"),
                Map.entry("SAFELIGHT_KAFKA_PARTITIONS", "3"),
                Map.entry("SAFELIGHT_KAFKA_REPLICATION", "2"),
                Map.entry("SAFELIGHT_STORE", "s3"),
                Map.entry("SAFELIGHT_STORE_FOLDER", "/srv/outputs"),
                Map.entry("SAFELIGHT_S3_BUCKET", "pictures"),
                Map.entry("SAFELIGHT_S3_ENDPOINT", "http://store:9000"),
                Map.entry("SAFELIGHT_S3_PUBLIC_ENDPOINT", "https://store.example"),
                Map.entry("SAFELIGHT_S3_REGION", "eu-central-1"),
                Map.entry("SAFELIGHT_S3_ACCESS_KEY", "key"),
                Map.entry("SAFELIGHT_S3_SECRET_KEY", "secret")));
        assertThat(DatabaseSettings.read(settings, 16))
                .isEqualTo(new DatabaseSettings("jdbc:postgresql://db/safelight", "someone", "word", 5));
        assertThat(KafkaSettings.read(settings)).isEqualTo(new KafkaSettings("one:9092,two:9092", 3, (short) 2));
        assertThat(StoreSettings.read(settings))
                .isEqualTo(new StoreSettings(
                        StoreSettings.Kind.S3,
                        Path.of("/srv/outputs"),
                        "pictures",
                        "http://store:9000",
                        "https://store.example",
                        "eu-central-1",
                        "key",
                        "secret"));
        settings.check();
    }

    @Test
    void secretsStayOutOfTheText() {
        Settings settings = new Settings(Map.of(
                "SAFELIGHT_DATABASE_URL", "jdbc:postgresql://db/safelight",
                "SAFELIGHT_DATABASE_PASSWORD", "canary",
                "SAFELIGHT_S3_SECRET_KEY", "canary"));
        assertThat(DatabaseSettings.read(settings, 4).toString()).doesNotContain("canary");
        assertThat(StoreSettings.read(settings).toString()).doesNotContain("canary");
    }
}
