package dev.safelight.standalone.life;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import dev.safelight.api.ApiServer;
import dev.safelight.api.ApiSettings;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.worker.WorkerProcess;
import dev.safelight.worker.WorkerSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What clients see of pictures that a bundle's network and a server object to. */
@Timeout(120)
class SafetyJobTest {
    private static final Path FAMILIES =
            Path.of(System.getProperty("safelight.root"), "worker", "src", "test", "resources", "families");
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    /** A verdict for each picture of a job, by its index; the last for all others. */
    private static volatile List<String> verdicts = List.of("pass");

    private static HttpServer reviewer;
    private static ApiServer api;
    private static WorkerProcess worker;
    private static Path outputs;

    @BeforeAll
    static void start() throws IOException {
        reviewer = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        reviewer.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        reviewer.createContext("/", exchange -> {
            try (exchange) {
                JsonNode asked = Json.read(
                        new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8), JsonNode.class);
                List<String> now = verdicts;
                String verdict = now.get(Math.min(asked.at("/data/index").intValue(), now.size() - 1));
                byte[] body = ("{\"verdict\": \"" + verdict + "\", \"score\": 0.75, \"reason\": \"" + verdict + "!\"}")
                        .getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
            }
        });
        reviewer.start();
        Path models = TestServers.newFolder("models");
        Path folder = Files.createDirectories(models.resolve("watched"));
        try (Stream<Path> files = Files.list(FAMILIES.resolve("watched"))) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        outputs = TestServers.newFolder("outputs");
        DatabaseSettings database = TestServers.newDatabase();
        Map<String, String> variables = new HashMap<>(Map.of(
                "SAFELIGHT_DATABASE_URL", database.url(),
                "SAFELIGHT_DATABASE_USER", database.user(),
                "SAFELIGHT_DATABASE_PASSWORD", database.password(),
                "SAFELIGHT_KAFKA", TestServers.kafka().bootstrapServers(),
                "SAFELIGHT_STORE_FOLDER", outputs.toString(),
                "SAFELIGHT_MODELS", models.toString(),
                "SAFELIGHT_CACHE", TestServers.newFolder("cache").toString(),
                "SAFELIGHT_DEVICE", "cpu",
                "SAFELIGHT_HTTP_PORT", "0"));
        variables.put(
                "SAFELIGHT_SAFETY_URL",
                "http://127.0.0.1:" + reviewer.getAddress().getPort() + "/");
        variables.put("SAFELIGHT_SAFETY_ALLOW", "127.0.0.0/8");
        Settings settings = new Settings(variables);
        api = ApiServer.start(ApiSettings.read(settings));
        worker = WorkerProcess.start(WorkerSettings.read(settings));
    }

    @AfterAll
    static void stop() {
        worker.close();
        api.close();
        reviewer.stop(0);
    }

    @Test
    void aNetworkOfTheBundleHasBrightPicturesBlurred() throws Exception {
        verdicts = List.of("pass");
        JsonNode low = generate("\"class\": \"low\", \"seed\": 3, \"count\": 2, \"strict\": true");
        assertThat(low.at("/outputs/0").has("safety")).isFalse();
        JsonNode high = generate("\"class\": \"high\", \"seed\": 3, \"count\": 2, \"strict\": true");
        for (JsonNode output : high.get("outputs")) {
            assertThat(output.at("/safety/verdict").asText()).isEqualTo("blurred");
            // Around 1 in a range of −2 to 2.
            assertThat(output.at("/safety/score").doubleValue()).isBetween(0.65, 0.85);
            assertThat(output.at("/safety").has("reason")).isFalse();
            assertThat(file(output.get("url").asText()).statusCode()).isEqualTo(200);
        }
        // The same request gives the same file again.
        JsonNode again = generate("\"class\": \"high\", \"seed\": 3, \"count\": 2, \"strict\": true");
        assertThat(again.at("/outputs/1/sha256")).isEqualTo(high.at("/outputs/1/sha256"));
    }

    @Test
    void whatIsWithheldVoidsNeitherTheJobNorItsOtherPictures() throws Exception {
        verdicts = List.of("pass", "withhold", "flag");
        JsonNode job = generate("\"class\": \"low\", \"seed\": 7, \"count\": 3", ", \"preview\": {\"every\": 1}");
        assertThat(job.get("outputs")).hasSize(3);
        assertThat(job.at("/outputs/0").has("safety")).isFalse();
        JsonNode withheld = job.at("/outputs/1");
        assertThat(Json.write(withheld)).isEqualTo("""
                {"index":1,"seed":8,"safety":{"verdict":"withheld","score":0.75,"reason":"withhold!"},\
                "error":{"code":"output_withheld","message":"the safety check withheld the image"}}""");
        assertThat(job.at("/outputs/2/safety/verdict").asText()).isEqualTo("flagged");
        assertThat(file(job.at("/outputs/2/url").asText()).statusCode()).isEqualTo(200);
        String self = "/v1/jobs/" + job.get("id").asText();
        HttpResponse<byte[]> missing = file(self + "/outputs/1");
        assertThat(missing.statusCode()).isEqualTo(404);
        assertThat(new String(missing.body(), StandardCharsets.UTF_8)).contains("output_withheld");
        assertThat(new String(file(self + "/outputs/3").body(), StandardCharsets.UTF_8))
                .contains("not_found")
                .doesNotContain("output_withheld");
        try (Stream<Path> files = Files.walk(outputs)) {
            assertThat(files.filter(
                            file -> file.toString().contains(job.get("id").asText()) && Files.isRegularFile(file)))
                    .as("nothing is stored of it")
                    .hasSize(2);
        }
        String events = new String(file(self + "/events").body(), StandardCharsets.UTF_8);
        assertThat(events)
                .contains("\"error\":{\"code\":\"output_withheld\"")
                .as("a preview would show what is withheld")
                .doesNotContain("event: preview");
        assertThat(events.split("event: output", -1)).hasSize(4);
        assertThat(get("/v1/jobs").at("/jobs/0/outputs/1/error/code").asText()).isEqualTo("output_withheld");
    }

    private static JsonNode generate(String fields) throws Exception {
        return generate(fields, "");
    }

    private static JsonNode generate(String fields, String more) throws Exception {
        HttpResponse<String> reply = HTTP.send(
                HttpRequest.newBuilder(URI.create(api.url() + "/v1/jobs"))
                        .header("Content-Type", "application/json")
                        .header("Prefer", "wait=60")
                        .POST(HttpRequest.BodyPublishers.ofString(
                                "{\"model\": \"watched\", \"input\": {\"steps\": 4, " + fields + "}" + more + "}"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        JsonNode job = Json.read(reply.body(), JsonNode.class);
        assertThat(job.path("state").asText()).as(reply.body()).isEqualTo("succeeded");
        return get("/v1/jobs/" + job.get("id").asText());
    }

    private static HttpResponse<byte[]> file(String path) throws Exception {
        URI url = URI.create(api.url()).resolve(path);
        return HTTP.send(HttpRequest.newBuilder(url).build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private static JsonNode get(String path) throws Exception {
        return Json.read(new String(file(path).body(), StandardCharsets.UTF_8), JsonNode.class);
    }
}
