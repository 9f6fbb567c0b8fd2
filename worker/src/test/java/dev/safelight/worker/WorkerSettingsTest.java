package dev.safelight.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.common.config.InvalidSettings;
import dev.safelight.common.config.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkerSettingsTest {
    private static final Map<String, String> REQUIRED =
            Map.of("SAFELIGHT_DATABASE_URL", "jdbc:postgresql://db/safelight", "SAFELIGHT_KAFKA", "kafka:9092");

    @Test
    void everyVariableIsRead() {
        WorkerSettings settings = read(Map.ofEntries(
                Map.entry("SAFELIGHT_DEVICE", "cuda"),
                Map.entry("SAFELIGHT_QUEUES", "default, large"),
                Map.entry("SAFELIGHT_MODELS", "/srv/models"),
                Map.entry("SAFELIGHT_SLOTS", "5"),
                Map.entry("SAFELIGHT_HEADROOM", "6"),
                Map.entry("SAFELIGHT_LEASE", "31s"),
                Map.entry("SAFELIGHT_BEAT", "2s"),
                Map.entry("SAFELIGHT_SELF_FENCE", "21s"),
                Map.entry("SAFELIGHT_DRAIN_GRACE", "7s"),
                Map.entry("SAFELIGHT_METRICS_PORT", "9100"),
                Map.entry("SAFELIGHT_STORE_PATIENCE", "41s"),
                Map.entry("SAFELIGHT_RETRY_DELAY", "3s"),
                Map.entry("SAFELIGHT_BUNDLE_DELAY", "51s")));
        assertThat(settings)
                .returns("cuda", WorkerSettings::device)
                .returns(Path.of("/srv/models"), WorkerSettings::models)
                .returns(5, WorkerSettings::slots)
                .returns(6, WorkerSettings::headroom)
                .returns(Duration.ofSeconds(31), WorkerSettings::lease)
                .returns(Duration.ofSeconds(2), WorkerSettings::beat)
                .returns(Duration.ofSeconds(21), WorkerSettings::selfFence)
                .returns(Duration.ofSeconds(7), WorkerSettings::drainGrace)
                .returns(9100, WorkerSettings::metricsPort);
        assertThat(settings.queues()).containsExactly("default", "large");
        assertThat(settings.attempts().storePatience()).isEqualTo(Duration.ofSeconds(41));
        assertThat(settings.attempts().retryDelay()).isEqualTo(Duration.ofSeconds(3));
        assertThat(settings.attempts().bundleDelay()).isEqualTo(Duration.ofSeconds(51));
        assertThat(settings.database().url()).isEqualTo("jdbc:postgresql://db/safelight");
        assertThat(settings.kafka().bootstrapServers()).isEqualTo("kafka:9092");
    }

    @Test
    void whatIsNoDeviceIsRefused() {
        assertThatThrownBy(() -> read(Map.of("SAFELIGHT_DEVICE", "tpu")))
                .isInstanceOf(InvalidSettings.class)
                .hasMessageContaining("SAFELIGHT_DEVICE=tpu: must be cpu, cuda or auto");
    }

    /** A worker that outlives its lease, or stops between two beats, breaks the promise or does no work. */
    @ParameterizedTest
    @CsvSource({"1s, 10s, 10s", "1s, 16s, 15s", "10s, 10s, 15s", "11s, 10s, 15s", "5s, 3s, 1s"})
    void aWorkerBeatsBeforeItStopsAndStopsBeforeItsLeaseEnds(String beat, String selfFence, String lease) {
        assertThatThrownBy(() -> read(
                        Map.of("SAFELIGHT_BEAT", beat, "SAFELIGHT_SELF_FENCE", selfFence, "SAFELIGHT_LEASE", lease)))
                .isInstanceOf(InvalidSettings.class)
                .hasMessageContaining("SAFELIGHT_BEAT must be shorter than SAFELIGHT_SELF_FENCE");
    }

    private static WorkerSettings read(Map<String, String> more) {
        Map<String, String> environment = new HashMap<>(REQUIRED);
        environment.putAll(more);
        Settings settings = new Settings(environment);
        WorkerSettings read = WorkerSettings.read(settings);
        settings.check();
        return read;
    }
}
