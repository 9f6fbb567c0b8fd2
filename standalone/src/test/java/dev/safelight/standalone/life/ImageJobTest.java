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
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Images go in over HTTP and come out as PNG: through API, store, Kafka, worker and TorchScript. */
@Timeout(120)
class ImageJobTest {
    private static final Path FAMILIES =
            Path.of(System.getProperty("safelight.root"), "worker", "src", "test", "resources", "families");
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    /** Each pixel another grey. */
    private static final String IMAGE = data(place -> 3 * place + 20);
    /** The left half is drawn. */
    private static final String MASK = data(place -> place % 8 < 4 ? 255 : 0);

    private static ApiServer api;
    private static WorkerProcess worker;

    @BeforeAll
    static void start() throws IOException {
        Path models = TestServers.newFolder("models");
        for (String name : List.of("peaks", "refined", "weighted", "restored")) {
            copy(FAMILIES.resolve(name), models.resolve(name));
        }
        DatabaseSettings database = TestServers.newDatabase();
        Settings settings = new Settings(new HashMap<>(Map.of(
                "SAFELIGHT_DATABASE_URL", database.url(),
                "SAFELIGHT_DATABASE_USER", database.user(),
                "SAFELIGHT_DATABASE_PASSWORD", database.password(),
                "SAFELIGHT_KAFKA", TestServers.kafka().bootstrapServers(),
                "SAFELIGHT_STORE_FOLDER", TestServers.newFolder("outputs").toString(),
                "SAFELIGHT_MODELS", models.toString(),
                "SAFELIGHT_CACHE", TestServers.newFolder("cache").toString(),
                "SAFELIGHT_DEVICE", "cpu",
                "SAFELIGHT_HTTP_PORT", "0")));
        api = ApiServer.start(ApiSettings.read(settings));
        worker = WorkerProcess.start(WorkerSettings.read(settings));
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    @AfterAll
    static void stop() {
        worker.close();
        api.close();
    }

    @Test
    void whatAMaskKeepsComesBackAsItWasAndTheRestIsDrawn() throws Exception {
        JsonNode job = generate(
                "peaks",
                "\"class\": \"high\", \"steps\": 10, \"seed\": 5, \"image\": \"" + IMAGE + "\", \"mask\": \"" + MASK
                        + "\"");
        BufferedImage picture = output(job);
        for (int i = 0; i < 64; i++) {
            int grey = picture.getRaster().getSample(i % 8, i / 8, 0);
            if (i % 8 < 4) {
                // The data of this class lie around 1 in a range of −2 to 2.
                assertThat(grey).isBetween(95, 255);
            } else {
                assertThat(Math.abs(grey - (3 * i + 20))).isLessThanOrEqualTo(1);
            }
        }
        // What the job says that it is made from can be sent again, and gives the same bytes.
        JsonNode again = generate("peaks", fields(job.get("input")));
        assertThat(again.at("/outputs/0/sha256")).isEqualTo(job.at("/outputs/0/sha256"));
        JsonNode other = generate("peaks", fields(job.get("input")).replace("\"seed\":5", "\"seed\":6"));
        assertThat(other.at("/outputs/0/sha256")).isNotEqualTo(job.at("/outputs/0/sha256"));
    }

    @Test
    void aWalkThatBeginsHalfWayCountsTheStepsThatItWalks() throws Exception {
        JsonNode half = generate("peaks", "\"steps\": 10, \"strength\": 0.5, \"image\": \"" + IMAGE + "\"");
        assertThat(half.at("/progress/of").intValue()).isEqualTo(5);
        assertThat(half.at("/progress/step").intValue()).isEqualTo(5);
        JsonNode none = generate("peaks", "\"strength\": 0, \"image\": \"" + IMAGE + "\"");
        BufferedImage picture = output(none);
        for (int i = 0; i < 64; i++) {
            assertThat(picture.getRaster().getSample(i % 8, i / 8, 0)).isEqualTo(3 * i + 20);
        }
        JsonNode prior = generate("peaks", "\"class\": \"low\", \"steps\": 10, \"start\": \"prior\"");
        assertThat(prior.at("/progress/of").intValue()).isEqualTo(2);
    }

    @Test
    void imagesComeInTheFormatAskedFor() throws Exception {
        for (String format : List.of("jpeg", "webp")) {
            JsonNode job = generate(
                    "peaks",
                    "\"class\": \"high\", \"steps\": 4, \"seed\": 5, \"output\": {\"format\": \"" + format + "\"}");
            assertThat(job.at("/input/output/quality").intValue()).isEqualTo(90);
            assertThat(job.at("/outputs/0/content_type").asText()).isEqualTo("image/" + format);
            HttpResponse<byte[]> file = file(job);
            assertThat(file.headers().firstValue("Content-Type")).contains("image/" + format);
            assertThat(file.headers().firstValue("Content-Disposition").orElseThrow())
                    .endsWith("-0." + format + "\"");
            String begin = new String(file.body(), 0, 12, StandardCharsets.ISO_8859_1);
            assertThat(begin).matches(format.equals("jpeg") ? "(?s)\\xff\\xd8\\xff.*" : "(?s)RIFF....WEBP");
            JsonNode again = generate("peaks", fields(job.get("input")));
            assertThat(again.at("/outputs/0/sha256")).isEqualTo(job.at("/outputs/0/sha256"));
        }
        assertThat(submit("peaks", "\"output\": {\"format\": \"tiff\"}").body())
                .contains("#/input/output/format", "png, jpeg, webp");
    }

    @Test
    void familiesAreAskedForByTheirFields() throws Exception {
        BufferedImage weighted = output(generate(
                "weighted", "\"factors\": {\"level\": \"b\", \"right\": {\"q\": 1}}, \"steps\": 4, \"seed\": 1"));
        // 0.5 and 0.75 in a range of −2 to 2.
        assertThat(weighted.getRaster().getSample(0, 0, 0)).isBetween(158, 160);
        assertThat(weighted.getRaster().getSample(7, 0, 0)).isBetween(174, 176);
        BufferedImage cold = output(generate(
                "restored", "\"image\": \"" + IMAGE + "\", \"strength\": 0.67, \"degraded\": false, \"algorithm\": 1"));
        assertThat(cold.getRaster().getSample(0, 0, 0))
                .isEqualTo(cold.getRaster().getSample(1, 1, 0));
        generate("refined", "\"prior_seed\": 4, \"count\": 2, \"seed\": 1");
        assertThat(submit("weighted", "\"factors\": {\"level\": \"z\"}").body()).contains("has no value z");
        assertThat(submit("weighted", "\"image\": \"nothing\"").body()).contains("unknown_image");
        String schema = get("/v1/models/weighted").toString();
        assertThat(schema)
                .contains("\"factors\"", "\"compose\"", "\"strength\"")
                .doesNotContain("prior_seed");
    }

    private static HttpResponse<String> submit(String model, String fields) throws Exception {
        return HTTP.send(
                HttpRequest.newBuilder(URI.create(api.url() + "/v1/jobs"))
                        .header("Content-Type", "application/json")
                        .header("Prefer", "wait=60")
                        .POST(HttpRequest.BodyPublishers.ofString(
                                "{\"model\": \"" + model + "\", \"input\": {" + fields + "}}"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static JsonNode generate(String model, String fields) throws Exception {
        HttpResponse<String> reply = submit(model, fields);
        JsonNode job = Json.read(reply.body(), JsonNode.class);
        assertThat(job.path("state").asText()).as(reply.body()).isEqualTo("succeeded");
        return get("/v1/jobs/" + job.get("id").asText());
    }

    private static String fields(JsonNode input) {
        String object = input.toString();
        return object.substring(1, object.length() - 1);
    }

    private static BufferedImage output(JsonNode job) throws Exception {
        return ImageIO.read(new ByteArrayInputStream(file(job).body()));
    }

    private static HttpResponse<byte[]> file(JsonNode job) throws Exception {
        URI url = URI.create(api.url()).resolve(job.at("/outputs/0/url").asText());
        return HTTP.send(HttpRequest.newBuilder(url).build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private static JsonNode get(String path) throws Exception {
        return Json.read(
                HTTP.send(
                                HttpRequest.newBuilder(URI.create(api.url() + path))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString())
                        .body(),
                JsonNode.class);
    }

    private static String data(IntUnaryOperator brightness) {
        BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < 64; i++) {
            image.getRaster().setSample(i % 8, i / 8, 0, brightness.applyAsInt(i));
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", png);
        } catch (IOException e) {
            throw new IllegalStateException("into memory", e);
        }
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(png.toByteArray());
    }
}
