package dev.safelight.standalone;

import dev.safelight.api.ApiSettings;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.outbound.OutboundSettings;
import dev.safelight.worker.WorkerSettings;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * How the one process runs.
 *
 * @param port of the API, on the loopback interface
 * @param data what is kept between runs
 * @param models folder of the bundles
 * @param environment the variables of API and worker; where the servers, the store and the API are is not theirs to say
 */
public record StandaloneSettings(int port, Path data, Path models, Map<String, String> environment) {
    /** Leaves the servers their part of the ten seconds in which all has to stop. */
    private static final String DRAIN_GRACE = "3s";

    ApiSettings api(DatabaseSettings database, String kafka, Path outputs) {
        return read(database, kafka, outputs, ApiSettings::read);
    }

    WorkerSettings worker(DatabaseSettings database, String kafka, Path outputs) {
        return read(database, kafka, outputs, WorkerSettings::read);
    }

    /** @throws dev.safelight.common.config.InvalidSettings when a variable is wrong */
    private <T> T read(DatabaseSettings database, String kafka, Path outputs, Function<Settings, T> reader) {
        Map<String, String> variables = new HashMap<>(environment);
        variables.putIfAbsent("SAFELIGHT_DRAIN_GRACE", DRAIN_GRACE);
        variables.putIfAbsent("SAFELIGHT_PUBLIC_URL", url());
        // So that a newcomer can try webhooks with a server on the same machine.
        variables.putIfAbsent("SAFELIGHT_WEBHOOK_ALLOW", "127.0.0.0/8,::1");
        variables.putIfAbsent("SAFELIGHT_WEBHOOK_PORTS", OutboundSettings.ANY_PORT);
        variables.putIfAbsent("SAFELIGHT_SAFETY_ALLOW", "127.0.0.0/8,::1");
        variables.putIfAbsent("SAFELIGHT_CACHE", data.resolve("cache").toString());
        variables.put("SAFELIGHT_HTTP_HOST", "127.0.0.1");
        variables.put("SAFELIGHT_HTTP_PORT", Integer.toString(port));
        variables.put("SAFELIGHT_DATABASE_URL", database.url());
        variables.put("SAFELIGHT_DATABASE_USER", database.user());
        variables.put("SAFELIGHT_DATABASE_PASSWORD", database.password());
        variables.put("SAFELIGHT_KAFKA", kafka);
        variables.put("SAFELIGHT_STORE", "file");
        variables.put("SAFELIGHT_STORE_FOLDER", outputs.toString());
        variables.put("SAFELIGHT_MODELS", models.toString());
        Settings settings = new Settings(variables);
        T read = reader.apply(settings);
        settings.check();
        return read;
    }

    String url() {
        return "http://127.0.0.1:" + port;
    }
}
