package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The API as a process of its own. */
class MainTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Test
    void itServesAndStopsWhenToldWithoutLeavingAnyClientInTheLurch() {
        try (JavaProcess process = start(environment());
                HttpClient client = HttpClient.newHttpClient()) {
            String line = process.awaitLine(text -> text.startsWith("Safelight API listens on"), PATIENCE);
            String url = line.substring(line.lastIndexOf(' ') + 1);
            HttpResponse<String> submitted = send(
                            client,
                            HttpRequest.newBuilder(URI.create(url + "/v1/jobs"))
                                    .header("Content-Type", "application/json")
                                    .POST(HttpRequest.BodyPublishers.ofString(TestApi.JOB)))
                    .join();
            assertThat(submitted.statusCode()).isEqualTo(202);
            String location = submitted.headers().firstValue("Location").orElseThrow();

            CompletableFuture<HttpResponse<String>> waiting = send(
                    client, HttpRequest.newBuilder(URI.create(url + location)).header("Prefer", "wait=60"));
            Eventually.becomes(
                    "it waits",
                    () -> send(client, HttpRequest.newBuilder(URI.create(url + "/metrics")))
                            .join()
                            .body()
                            .contains("safelight_waiters 1.0"));
            process.terminate();
            // 128 + SIGTERM
            assertThat(process.awaitExit(PATIENCE)).as(process.output()).isEqualTo(143);
            assertThat(waiting.join().statusCode()).isEqualTo(200);
            assertThat(waiting.join().body()).contains("\"state\":\"queued\"");
            assertThat(process.output()).doesNotContain("Exception");
        }
    }

    @Test
    void whatIsMissingIsSaidInOneLineEach() {
        try (JavaProcess process = start(Map.of("SAFELIGHT_HTTP_PORT", "eighty"))) {
            assertThat(process.awaitExit(PATIENCE)).isEqualTo(2);
            assertThat(process.output().lines())
                    .hasSize(3)
                    .anyMatch(line -> line.startsWith("SAFELIGHT_HTTP_PORT=eighty"))
                    .anyMatch(line -> line.startsWith("SAFELIGHT_DATABASE_URL is not set"))
                    .anyMatch(line -> line.startsWith("SAFELIGHT_KAFKA is not set"));
        }
    }

    @Test
    void withoutKeysItRefusesAnAddressThatOthersReach() {
        Map<String, String> environment = environment();
        environment.putAll(Map.of("SAFELIGHT_AUTH", "none", "SAFELIGHT_HTTP_HOST", "0.0.0.0"));
        try (JavaProcess process = start(environment)) {
            assertThat(process.awaitExit(PATIENCE)).isEqualTo(2);
            assertThat(process.output().lines())
                    .hasSize(1)
                    .allMatch(line -> line.startsWith("SAFELIGHT_AUTH=none") && line.contains("0.0.0.0"));
        }
    }

    @Test
    void aBusyPortIsSaidInOneLine() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Map<String, String> environment = environment();
            environment.put("SAFELIGHT_HTTP_PORT", Integer.toString(taken.getLocalPort()));
            try (JavaProcess process = start(environment)) {
                assertThat(process.awaitExit(PATIENCE)).isEqualTo(1);
                assertThat(said(process)).singleElement().asString().contains("127.0.0.1:" + taken.getLocalPort());
            }
        }
    }

    @Test
    void aBrokenBundleIsReportedAndTheOthersAreOffered() throws IOException {
        Map<String, String> environment = environment();
        Path models = Path.of(environment.get("SAFELIGHT_MODELS"));
        Files.writeString(Files.createDirectory(models.resolve("torn")).resolve("model.json"), "{");
        Files.writeString(
                Files.createDirectory(models.resolve("odd")).resolve("model.json"),
                Files.readString(models.resolve("dots").resolve("model.json"))
                        .replace("\"dots\"", "\"odd\"")
                        .replace("\"linear\"", "\"wavy\""));
        try (JavaProcess process = start(environment);
                HttpClient client = HttpClient.newHttpClient()) {
            String line = process.awaitLine(text -> text.startsWith("Safelight API listens on"), PATIENCE);
            assertThat(process.output().lines().filter(text -> text.contains("torn")))
                    .singleElement()
                    .asString()
                    .contains("ERROR", "model torn is not offered", "model.json is not a valid manifest");
            assertThat(process.output().lines().filter(text -> text.contains("model odd is not offered")))
                    .singleElement()
                    .asString()
                    .contains("ERROR", "wavy");
            String url = line.substring(line.lastIndexOf(' ') + 1);
            String offered = send(client, HttpRequest.newBuilder(URI.create(url + "/v1/models")))
                    .join()
                    .body();
            assertThat(offered).contains("shapes", "dots").doesNotContain("torn", "odd");
        }
    }

    @Test
    void aMissingModelsFolderIsSaidInOneLine() {
        Map<String, String> environment = environment();
        environment.put("SAFELIGHT_MODELS", "/no/where");
        try (JavaProcess process = start(environment)) {
            assertThat(process.awaitExit(PATIENCE)).isEqualTo(2);
            assertThat(said(process)).singleElement().asString().contains("/no/where");
        }
    }

    @Test
    void anotherInstallationsStoreIsRefused() throws IOException {
        DatabaseSettings database = TestServers.newDatabase();
        Map<String, String> first = environment(database);
        try (JavaProcess process = start(first)) {
            process.awaitLine(text -> text.startsWith("Safelight API listens on"), PATIENCE);
        }
        try (JavaProcess process = start(environment(database))) {
            assertThat(process.awaitExit(PATIENCE)).isEqualTo(1);
            assertThat(said(process)).singleElement().asString().contains("API and workers must share one folder");
        }
    }

    /** All lines but those of the log, each of which begins with its time. */
    private static List<String> said(JavaProcess process) {
        return process.output()
                .lines()
                .filter(line -> !line.matches("\\d{4}-\\d\\d-\\d\\dT.*"))
                .toList();
    }

    private static JavaProcess start(Map<String, String> environment) {
        return JavaProcess.start(Main.class, List.of(), environment);
    }

    private static Map<String, String> environment() {
        return environment(TestServers.newDatabase());
    }

    private static Map<String, String> environment(DatabaseSettings database) {
        return new HashMap<>(Map.of(
                "SAFELIGHT_HTTP_PORT", "0",
                "SAFELIGHT_MODELS", TestApi.models().toString(),
                "SAFELIGHT_DATABASE_URL", database.url(),
                "SAFELIGHT_DATABASE_USER", database.user(),
                "SAFELIGHT_DATABASE_PASSWORD", database.password(),
                "SAFELIGHT_KAFKA", TestServers.kafka().bootstrapServers(),
                "SAFELIGHT_STORE_FOLDER", TestServers.newFolder("store").toString()));
    }

    private static CompletableFuture<HttpResponse<String>> send(HttpClient client, HttpRequest.Builder request) {
        return client.sendAsync(request.timeout(PATIENCE).build(), HttpResponse.BodyHandlers.ofString());
    }
}
