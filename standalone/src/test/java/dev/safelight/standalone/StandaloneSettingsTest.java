package dev.safelight.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.api.ApiSettings;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.InvalidSettings;
import dev.safelight.common.config.StoreSettings;
import dev.safelight.worker.WorkerSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the one process tells its parts. */
class StandaloneSettingsTest {
    private static final DatabaseSettings DATABASE = new DatabaseSettings("jdbc:postgresql:here", "me", "word", 1);

    @Test
    void whereServersStoreAndApiAreIsNotForTheEnvironmentToSay() {
        StandaloneSettings settings = settings(Map.of(
                "SAFELIGHT_DATABASE_URL", "jdbc:postgresql:elsewhere",
                "SAFELIGHT_KAFKA", "elsewhere:9092",
                "SAFELIGHT_HTTP_HOST", "0.0.0.0",
                "SAFELIGHT_HTTP_PORT", "1",
                "SAFELIGHT_STORE", "s3",
                "SAFELIGHT_STORE_FOLDER", "elsewhere",
                "SAFELIGHT_MODELS", "elsewhere"));
        ApiSettings api = settings.api(DATABASE, "here:9092", Path.of("outputs"));
        assertThat(api.host()).isEqualTo("127.0.0.1");
        assertThat(api.port()).isEqualTo(8123);
        assertThat(api.publicUrl()).isEqualTo("http://127.0.0.1:8123");
        assertThat(api.database().url()).isEqualTo("jdbc:postgresql:here");
        assertThat(api.models()).isEqualTo(Path.of("models"));
        WorkerSettings worker = settings.worker(DATABASE, "here:9092", Path.of("outputs"));
        assertThat(worker.database().user()).isEqualTo("me");
        assertThat(worker.database().password()).isEqualTo("word");
        assertThat(worker.kafka().bootstrapServers()).isEqualTo("here:9092");
        assertThat(worker.store().kind()).isEqualTo(StoreSettings.Kind.FILE);
        assertThat(worker.store()).isEqualTo(api.store());
        assertThat(worker.store().folder()).isEqualTo(Path.of("outputs"));
        assertThat(worker.models()).isEqualTo(Path.of("models"));
    }

    @Test
    void theRestIs() {
        StandaloneSettings plain = settings(Map.of());
        assertThat(plain.worker(DATABASE, "here:9092", Path.of("outputs")).drainGrace())
                .as("leaves the servers time to stop")
                .isEqualTo(Duration.ofSeconds(3));
        StandaloneSettings settings = settings(Map.of(
                "SAFELIGHT_DRAIN_GRACE",
                "1s",
                "SAFELIGHT_SLOTS",
                "5",
                "SAFELIGHT_PUBLIC_URL",
                "https://images.example"));
        WorkerSettings worker = settings.worker(DATABASE, "here:9092", Path.of("outputs"));
        assertThat(worker.drainGrace()).isEqualTo(Duration.ofSeconds(1));
        assertThat(worker.slots()).isEqualTo(5);
        assertThat(settings.api(DATABASE, "here:9092", Path.of("outputs")).publicUrl())
                .isEqualTo("https://images.example");
        assertThatThrownBy(() ->
                        settings(Map.of("SAFELIGHT_SLOTS", "many")).worker(DATABASE, "here:9092", Path.of("outputs")))
                .isInstanceOf(InvalidSettings.class)
                .hasMessageContaining("SAFELIGHT_SLOTS=many");
    }

    private static StandaloneSettings settings(Map<String, String> environment) {
        return new StandaloneSettings(8123, Path.of("data"), Path.of("models"), environment);
    }
}
