package dev.safelight.api;

import dev.safelight.api.auth.AuthSettings;
import dev.safelight.api.file.FileSettings;
import dev.safelight.api.http.HttpLimits;
import dev.safelight.api.link.LinkSettings;
import dev.safelight.api.relay.RelaySettings;
import dev.safelight.api.sweep.SweepSettings;
import dev.safelight.api.webhook.WebhookSettings;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.config.LogSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.config.StoreSettings;
import java.net.URI;
import java.nio.file.Path;

/**
 * How the API runs.
 *
 * @param host the address it binds; loopback by default, where it does without keys
 * @param port 0 picks a free one
 * @param publicUrl what clients reach it under, without a slash at the end; empty gives URLs relative to the server
 * @param limits what a client may take of this process
 * @param auth who may call
 * @param metricsOpen whether {@code /metrics} needs no key
 * @param links how URLs of outputs are signed
 * @param files how images of clients are taken and kept
 * @param backlog jobs that may wait, of all tenants together
 * @param models folder of the bundles
 */
public record ApiSettings(
        String host,
        int port,
        String publicUrl,
        HttpLimits limits,
        AuthSettings auth,
        boolean metricsOpen,
        LinkSettings links,
        FileSettings files,
        int backlog,
        Path models,
        DatabaseSettings database,
        KafkaSettings kafka,
        StoreSettings store,
        RelaySettings relay,
        SweepSettings sweep,
        WebhookSettings webhooks) {
    private static final int POOL = 16;

    /** Reads all of it; {@link Settings#check} then says what is missing or wrong. */
    public static ApiSettings read(Settings settings) {
        String host = settings.text("SAFELIGHT_HTTP_HOST", "127.0.0.1", "address that the API binds");
        LogSettings.read(settings);
        return new ApiSettings(
                host,
                settings.integer("SAFELIGHT_HTTP_PORT", 8080, 0, 65535, "port that the API binds; 0 picks a free one"),
                settings.read(
                        "SAFELIGHT_PUBLIC_URL",
                        "",
                        "URL that clients reach the API under; empty makes the URLs of replies relative",
                        ApiSettings::publicUrl),
                HttpLimits.read(settings),
                AuthSettings.read(settings, host),
                settings.flag("SAFELIGHT_METRICS_OPEN", false, "whether /metrics needs no key"),
                LinkSettings.read(settings),
                FileSettings.read(settings),
                settings.integer(
                        "SAFELIGHT_BACKLOG",
                        1_000_000,
                        1,
                        1_000_000_000,
                        "jobs that may wait, of all tenants together; beyond, submits are answered with 503"),
                Path.of(settings.text("SAFELIGHT_MODELS", "models", "folder of the model bundles")),
                DatabaseSettings.read(settings, POOL),
                KafkaSettings.read(settings),
                StoreSettings.read(settings),
                RelaySettings.read(settings),
                SweepSettings.read(settings),
                WebhookSettings.read(settings));
    }

    private static String publicUrl(String text) {
        if (text.isEmpty()) {
            return text;
        }
        String scheme = URI.create(text).getScheme();
        if (!"http".equals(scheme) && !"https".equals(scheme)) {
            throw new IllegalArgumentException("must be an http or https URL");
        }
        return text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
    }
}
