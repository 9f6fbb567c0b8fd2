package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.api.relay.RelaySettings;
import dev.safelight.api.sweep.SweepSettings;
import dev.safelight.common.config.InvalidSettings;
import dev.safelight.common.config.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ApiSettingsTest {
    private static final Map<String, String> REQUIRED =
            Map.of("SAFELIGHT_DATABASE_URL", "jdbc:postgresql://db/safelight", "SAFELIGHT_KAFKA", "kafka:9092");

    @Test
    void onlyDatabaseAndKafkaAreRequiredAndTheDefaultAddressIsLoopback() {
        ApiSettings settings = read(Map.of());
        assertThat(settings.host()).isEqualTo("127.0.0.1");
        assertThat(settings.port()).isEqualTo(8080);
        assertThat(settings.publicUrl()).isEmpty();
        assertThat(settings.limits().body()).isEqualTo(262_144);
        assertThat(settings.models()).isEqualTo(Path.of("models"));
        assertThat(settings.kafka().bootstrapServers()).isEqualTo("kafka:9092");
    }

    @Test
    void withoutDatabaseAndKafkaItSaysBoth() {
        Settings settings = new Settings(Map.of());
        ApiSettings.read(settings);
        assertThatThrownBy(settings::check)
                .isInstanceOf(InvalidSettings.class)
                .hasMessageContaining("SAFELIGHT_DATABASE_URL is not set")
                .hasMessageContaining("SAFELIGHT_KAFKA is not set");
    }

    @Test
    void everyVariableIsRead() {
        ApiSettings settings = read(Map.of(
                "SAFELIGHT_HTTP_HOST", "0.0.0.0",
                "SAFELIGHT_HTTP_PORT", "0",
                "SAFELIGHT_PUBLIC_URL", "https://images.example/",
                "SAFELIGHT_HTTP_BODY_LIMIT", "2048",
                "SAFELIGHT_MODELS", "/srv/models"));
        assertThat(settings.host()).isEqualTo("0.0.0.0");
        assertThat(settings.port()).isZero();
        assertThat(settings.publicUrl()).isEqualTo("https://images.example");
        assertThat(settings.limits().body()).isEqualTo(2048);
        assertThat(settings.models()).isEqualTo(Path.of("/srv/models"));
    }

    @Test
    void everyVariableOfRelayAndSweeperIsRead() {
        ApiSettings settings = read(Map.ofEntries(
                Map.entry("SAFELIGHT_RELAY_INTERVAL", "101ms"),
                Map.entry("SAFELIGHT_REDISPATCH_AFTER", "31s"),
                Map.entry("SAFELIGHT_WORKER_TIMEOUT", "6s"),
                Map.entry("SAFELIGHT_RESCUE_INTERVAL", "2s"),
                Map.entry("SAFELIGHT_RESCUE_GRACE", "11s"),
                Map.entry("SAFELIGHT_CRASH_BACKOFF", "3s"),
                Map.entry("SAFELIGHT_CRASH_BACKOFF_MOST", "4m"),
                Map.entry("SAFELIGHT_FORGET_WORKERS_AFTER", "12m"),
                Map.entry("SAFELIGHT_SWEEP_INTERVAL", "13m"),
                Map.entry("SAFELIGHT_SWEEP_AGE", "2h")));
        assertThat(settings.relay())
                .returns(Duration.ofMillis(101), RelaySettings::interval)
                .returns(Duration.ofSeconds(31), RelaySettings::redispatchAfter)
                .returns(Duration.ofSeconds(6), RelaySettings::workerTimeout)
                .returns(Duration.ofSeconds(2), RelaySettings::rescueInterval)
                .returns(Duration.ofSeconds(11), RelaySettings::rescueGrace)
                .returns(Duration.ofSeconds(3), RelaySettings::backoffFirst)
                .returns(Duration.ofMinutes(4), RelaySettings::backoffMost)
                .returns(Duration.ofMinutes(12), RelaySettings::forgetWorkersAfter);
        assertThat(settings.sweep())
                .returns(Duration.ofMinutes(13), SweepSettings::interval)
                .returns(Duration.ofHours(2), SweepSettings::age);
    }

    @Test
    void aPublicUrlMustBeOne() {
        assertThatThrownBy(() -> read(Map.of("SAFELIGHT_PUBLIC_URL", "images.example")))
                .isInstanceOf(InvalidSettings.class)
                .hasMessageContaining("SAFELIGHT_PUBLIC_URL");
    }

    @Test
    void withoutKeysItBindsLoopbackOnly() {
        assertThat(read(Map.of()).auth().keys()).isFalse();
        assertThat(read(Map.of("SAFELIGHT_HTTP_HOST", "localhost")).auth().keys())
                .isFalse();
        assertThat(read(Map.of("SAFELIGHT_HTTP_HOST", "::1")).auth().keys()).isFalse();
        assertThat(read(Map.of("SAFELIGHT_AUTH", "keys")).auth().keys()).isTrue();
        for (String host : new String[] {"0.0.0.0", "::", "10.0.0.7", "no-such-host.invalid"}) {
            assertThat(read(Map.of("SAFELIGHT_HTTP_HOST", host)).auth().keys())
                    .as(host)
                    .isTrue();
            assertThatThrownBy(() -> read(Map.of("SAFELIGHT_HTTP_HOST", host, "SAFELIGHT_AUTH", "none")))
                    .isInstanceOf(InvalidSettings.class)
                    .hasMessageContaining("only a loopback address")
                    .hasMessageContaining(host);
        }
    }

    @Test
    void theAdministratorsKeyMustBeLongAndIsNeverShown() {
        String key = "sl_0123456789abcdef0123456789abcdef";
        ApiSettings settings = read(Map.of("SAFELIGHT_ADMIN_KEY", key));
        assertThat(settings.auth().adminKey()).contains(key);
        assertThat(settings.toString()).doesNotContain(key);
        for (String bad : new String[] {"sl_too-short", key + " with blanks"}) {
            assertThatThrownBy(() -> read(Map.of("SAFELIGHT_ADMIN_KEY", bad)))
                    .isInstanceOf(InvalidSettings.class)
                    .hasMessageContaining("SAFELIGHT_ADMIN_KEY: must have at least 32")
                    .hasMessageNotContaining(bad);
        }
    }

    private static ApiSettings read(Map<String, String> more) {
        Map<String, String> environment = new HashMap<>(REQUIRED);
        environment.putAll(more);
        Settings settings = new Settings(environment);
        ApiSettings read = ApiSettings.read(settings);
        settings.check();
        return read;
    }
}
