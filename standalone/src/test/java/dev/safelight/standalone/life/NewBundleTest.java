package dev.safelight.standalone.life;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.ApiServer;
import dev.safelight.api.ApiSettings;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.worker.WorkerProcess;
import dev.safelight.worker.WorkerSettings;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Bundles come and change while API and worker run, and there is room for one of them at a time. */
@Timeout(120)
class NewBundleTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Path TINY =
            Path.of(System.getProperty("safelight.root"), "worker", "src", "test", "resources", "bundles", "tiny");

    private final HttpClient http = HttpClient.newHttpClient();
    private final Path models = TestServers.newFolder("models");
    private ApiServer api;

    @Test
    void aBundleThatIsPutIntoTheFolderIsServedWithoutARestart() throws Exception {
        bundle("tiny", "Tiny");
        DatabaseSettings database = TestServers.newDatabase();
        Map<String, String> environment = new HashMap<>(Map.of(
                "SAFELIGHT_DATABASE_URL", database.url(),
                "SAFELIGHT_DATABASE_USER", database.user(),
                "SAFELIGHT_DATABASE_PASSWORD", database.password(),
                "SAFELIGHT_KAFKA", TestServers.kafka().bootstrapServers(),
                "SAFELIGHT_STORE_FOLDER", TestServers.newFolder("outputs").toString(),
                "SAFELIGHT_MODELS", models.toString(),
                "SAFELIGHT_CACHE", TestServers.newFolder("cache").toString(),
                "SAFELIGHT_DEVICE", "cpu",
                "SAFELIGHT_MODEL_MEMORY", "1",
                "SAFELIGHT_HTTP_PORT", "0"));
        Settings settings = new Settings(environment);
        WorkerSettings workerSettings = WorkerSettings.read(settings);
        WorkerProcess.Equipment equipment = WorkerProcess.Equipment.load(workerSettings);
        try (ApiServer server = ApiServer.start(ApiSettings.read(settings));
                WorkerProcess worker = WorkerProcess.start(
                        workerSettings, equipment, new PrometheusMeterRegistry(PrometheusConfig.DEFAULT))) {
            api = server;
            assertThat(equipment.models().names()).containsExactly("tiny");
            JsonNode first = generate("tiny");

            bundle("second", "Second");
            await(() -> status("/v1/models/second") == 200);
            generate("second");
            assertThat(equipment.models().all())
                    .as("there is room for one")
                    .extracting(model -> model.bundle().name())
                    .containsExactly("second");
            await(() -> get("/v1/workers").toString().contains("\"second\""));

            bundle("tiny", "Tiny, but changed");
            await(() -> get("/v1/models/tiny").toString().contains("but changed"));
            JsonNode changed = generate("tiny");
            assertThat(changed.get("bundle")).isNotEqualTo(first.get("bundle"));
            assertThat(changed.at("/outputs/0/sha256").asText()).isNotEmpty();
            worker.drain();
        }
    }

    private void bundle(String name, String title) throws IOException {
        Path folder = Files.createDirectories(models.resolve(name));
        for (String file : List.of("denoiser.pt", "golden.json")) {
            Files.copy(TINY.resolve(file), folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        String manifest = Files.readString(TINY.resolve("model.json"))
                .replace("\"name\": \"tiny\"", "\"name\": \"" + name + "\"")
                .replace("\"title\": \"Tiny\"", "\"title\": \"" + title + "\"");
        assertThat(manifest).contains(name, title);
        Files.writeString(folder.resolve("model.json.part"), manifest);
        Files.move(
                folder.resolve("model.json.part"), folder.resolve("model.json"), StandardCopyOption.REPLACE_EXISTING);
    }

    private JsonNode generate(String model) throws Exception {
        HttpResponse<String> accepted = http.send(
                HttpRequest.newBuilder(URI.create(api.url() + "/v1/jobs"))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString("{\"model\": \"" + model
                                + "\", \"input\": {\"class\": \"circle\", \"steps\": 3, \"seed\": 1}}"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(accepted.statusCode()).as(accepted.body()).isEqualTo(202);
        String path = "/v1/jobs/"
                + Json.read(accepted.body(), JsonNode.class).get("id").asText();
        await(() -> get(path).get("state").asText().equals("succeeded"));
        return get(path);
    }

    private JsonNode get(String path) throws Exception {
        return Json.read(
                http.send(
                                HttpRequest.newBuilder(URI.create(api.url() + path))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString())
                        .body(),
                JsonNode.class);
    }

    private int status(String path) throws Exception {
        return http.send(
                        HttpRequest.newBuilder(URI.create(api.url() + path)).build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.holds()) {
            assertThat(System.nanoTime()).isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
    }
}
