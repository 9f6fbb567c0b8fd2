package dev.safelight.standalone.live;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.api.ApiServer;
import dev.safelight.api.ApiSettings;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.standalone.client.JobEvent;
import dev.safelight.standalone.client.SafelightClient;
import dev.safelight.worker.WorkerProcess;
import dev.safelight.worker.WorkerSettings;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A real worker on the small test model, watched through two API processes. */
class LiveEventsTest {
    private static final int STEPS = 400;

    private static ApiServer api;
    private static ApiServer other;
    private static WorkerProcess worker;

    @BeforeAll
    static void start() throws Exception {
        Map<String, String> environment = environment();
        api = ApiServer.start(ApiSettings.read(new Settings(environment)));
        other = ApiServer.start(ApiSettings.read(new Settings(environment)));
        worker = WorkerProcess.start(WorkerSettings.read(new Settings(environment)));
    }

    @AfterAll
    static void stop() {
        worker.close();
        other.close();
        api.close();
    }

    private static Map<String, String> environment() {
        DatabaseSettings database = TestServers.newDatabase();
        return new HashMap<>(Map.of(
                "SAFELIGHT_DATABASE_URL", database.url(),
                "SAFELIGHT_DATABASE_USER", database.user(),
                "SAFELIGHT_DATABASE_PASSWORD", database.password(),
                "SAFELIGHT_KAFKA", TestServers.kafka().bootstrapServers(),
                "SAFELIGHT_STORE_FOLDER", TestServers.newFolder("outputs").toString(),
                "SAFELIGHT_MODELS",
                        Path.of(System.getProperty("safelight.root"), "worker", "src", "test", "resources", "bundles")
                                .toString(),
                "SAFELIGHT_DEVICE", "cpu",
                "SAFELIGHT_HTTP_PORT", "0"));
    }

    @Test
    void aPictureIsSeenToDevelopThroughAnyApiProcess() throws Exception {
        try (SafelightClient here = new SafelightClient(URI.create(api.url()));
                SafelightClient there = new SafelightClient(URI.create(other.url()))) {
            ObjectNode request = request(STEPS, 2);
            request.putObject("preview").put("every", 3);
            JsonNode job = here.submit(request);
            assertThat(job.at("/preview/every").intValue()).isEqualTo(3);
            List<JobEvent> events = new ArrayList<>();
            there.follow(job.path("id").asText(), events::add);

            assertThat(events)
                    .extracting(JobEvent::type)
                    .startsWith("queued", "started")
                    .endsWith("output", "output", "succeeded");
            List<JsonNode> previews = data(events, "preview");
            assertThat(previews).isNotEmpty();
            for (JsonNode preview : previews) {
                assertThat(preview.path("attempt").intValue()).isEqualTo(1);
                assertThat(preview.path("step").intValue()).isBetween(3, STEPS - 1);
                assertThat(preview.path("of").intValue()).isEqualTo(STEPS);
                assertThat(preview.path("content_type").asText()).isEqualTo("image/png");
                BufferedImage picture = ImageIO.read(
                        new ByteArrayInputStream(preview.path("data").binaryValue()));
                assertThat(picture.getWidth()).isEqualTo(28);
                assertThat(picture.getHeight()).isEqualTo(28);
            }
            assertThat(previews.stream()
                            .map(preview -> preview.path("image").intValue())
                            .distinct())
                    .as("images take turns")
                    .hasSize(2);
            List<JsonNode> progress = data(events, "progress");
            assertThat(progress).isNotEmpty();
            assertThat(progress.stream()
                            .map(entry -> entry.path("step").intValue())
                            .toList())
                    .isSorted();
            assertThat(progress).anyMatch(entry -> entry.path("eta").isNumber());
            assertThat(events.getLast().data())
                    .isEqualTo(here.job(job.path("id").asText()));
        }
    }

    @Test
    void whoDoesNotAskSeesNoPreviewsAndGetsTheSamePicture() throws Exception {
        try (SafelightClient client = new SafelightClient(URI.create(api.url()))) {
            List<JobEvent> events = new ArrayList<>();
            JsonNode plain = client.submit(strict());
            assertThat(plain.has("preview")).isFalse();
            client.follow(plain.path("id").asText(), events::add);
            assertThat(data(events, "preview")).isEmpty();
            ObjectNode watched = strict();
            watched.putObject("preview");
            JsonNode job = client.submit(watched);
            assertThat(job.at("/preview/every").intValue()).isEqualTo(1);
            client.follow(job.path("id").asText(), events::add);
            List<JsonNode> outputs = data(events, "output");
            assertThat(outputs.getFirst().path("sha256"))
                    .isEqualTo(outputs.getLast().path("sha256"));
        }
    }

    @Test
    void thePageIsServedWithThePolicyThatItKeeps() throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> page = client.send(
                    HttpRequest.newBuilder(URI.create(api.url() + "/")).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html; charset=utf-8");
            assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
                    .contains("default-src 'none'", "script-src 'sha256-");
            assertThat(page.body()).doesNotContain("src=\"", "<link rel=\"stylesheet\"", "@import", "url(http");
        }
    }

    private static ObjectNode request(int steps, int count) {
        ObjectNode request = Json.MAPPER.createObjectNode().put("model", "tiny");
        request.putObject("input")
                .put("class", "circle")
                .put("seed", 11)
                .put("steps", steps)
                .put("count", count);
        return request;
    }

    /** Whose pictures are equal to the bit. */
    private static ObjectNode strict() {
        ObjectNode request = request(20, 1);
        request.withObject("/input").put("strict", true);
        return request;
    }

    private static List<JsonNode> data(List<JobEvent> events, String type) {
        return events.stream()
                .filter(event -> event.type().equals(type))
                .map(JobEvent::data)
                .toList();
    }
}
