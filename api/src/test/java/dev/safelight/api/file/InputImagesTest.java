package dev.safelight.api.file;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import dev.safelight.api.Eventually;
import dev.safelight.api.TestApi;
import dev.safelight.api.TestApi.Answer;
import dev.safelight.common.wire.Json;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Images that requests name: by file, data URL, URL or digest. What a job then names is durable and never changes. */
class InputImagesTest {
    private static final byte[] PNG = Images.png(Images.picture(20, 10, BufferedImage.TYPE_INT_RGB));
    private static final int MOST = 100_000;

    private static TestApi api;
    private static HttpServer web;
    private static final AtomicInteger fetches = new AtomicInteger();

    @BeforeAll
    static void start() throws IOException {
        web = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        serve("/picture", 200, Images.jpeg(Images.picture(12, 8, BufferedImage.TYPE_INT_RGB)));
        serve("/gone", 404, PNG);
        serve("/elsewhere", 302, new byte[] {1});
        serve("/text", 200, "not an image".getBytes());
        serve("/large", 200, new byte[MOST + 1]);
        web.start();
        api = TestApi.with(Map.of(
                "SAFELIGHT_WEBHOOK_ALLOW", "localhost",
                "SAFELIGHT_WEBHOOK_PORTS", "any",
                "SAFELIGHT_FILE_LIMIT", String.valueOf(MOST)));
    }

    private static void serve(String path, int status, byte[] body) {
        web.createContext(path, exchange -> {
            fetches.incrementAndGet();
            exchange.getResponseHeaders().set("Location", "/picture");
            exchange.sendResponseHeaders(status, body.length);
            try (var out = exchange.getResponseBody()) {
                out.write(body);
            }
        });
    }

    @AfterAll
    static void stop() {
        api.close();
        web.stop(0);
    }

    @Test
    void anImageIsDurableAndNamedByItsDigestHoweverItCame() throws IOException {
        UUID file = upload();
        Answer byFile = submit(file.toString());
        assertThat(byFile.status()).as(byFile.text()).isEqualTo(202);
        String name = byFile.at("/input/image").textValue();
        assertThat(name).matches("sha256:[0-9a-f]{64}");
        assertThat(byFile.at("/input/strength").doubleValue()).isEqualTo(0.8);
        assertThat(stored(name)).hasSize(1);
        assertThat(Images.decoded(Files.readAllBytes(stored(name).getFirst())).getRGB(3, 4))
                .isEqualTo(Images.decoded(PNG).getRGB(3, 4));

        // The same pixels by another way are the same image, kept once; the digest itself will do as well.
        assertThat(submit(data("image/png", PNG)).at("/input/image").textValue())
                .isEqualTo(name);
        assertThat(submit(name).at("/input/image").textValue()).isEqualTo(name);
        assertThat(stored(name)).hasSize(1);

        // The upload may go: the job's image stays.
        assertThat(api.delete("/v1/files/" + file).status()).isEqualTo(204);
        assertThat(stored(name)).hasSize(1);
        assertThat(submit(file.toString()).text()).contains("unknown_image");
    }

    @Test
    void aUrlIsFetchedOnceAndNeverAgain() {
        int before = fetches.get();
        String body = body("\"image\": \"" + url("/picture") + "\", \"strength\": 0.5");
        Answer made = api.post("/v1/jobs", body, "Idempotency-Key", "once");
        assertThat(made.status()).as(made.text()).isEqualTo(202);
        assertThat(made.at("/progress/of").intValue()).as("half of four").isEqualTo(2);
        Answer again = api.post("/v1/jobs", body, "Idempotency-Key", "once");
        assertThat(again.id()).isEqualTo(made.id());
        assertThat(again.header("Idempotent-Replayed")).isEqualTo("true");
        assertThat(fetches.get()).isEqualTo(before + 1);
    }

    @Test
    void whatCannotBeFetchedIsRefusedWithTheReason() {
        long jobs = api.jobs();
        int before = fetches.get();
        refused(url("/gone"), "image_unreachable", "answered 404");
        refused(url("/elsewhere"), "image_unreachable", "redirects are not followed");
        refused(url("/text"), "image_malformed", "neither PNG nor JPEG nor WebP");
        refused(url("/large"), "image_unreachable", "more than " + MOST);
        assertThat(fetches.get()).as("no redirect was followed").isEqualTo(before + 4);
        // By its address the host is not allowed, by its name it is.
        refused("http://127.0.0.1:" + web.getAddress().getPort() + "/picture", "image_unreachable", "loopback");
        refused("https://169.254.169.254/latest", "image_unreachable", "link-local");
        refused("https://[::1]/a.png", "image_unreachable", "loopback");
        refused("http://example.org/a.png", "image_unreachable", "must begin with https://");
        refused("https://user@example.org/a.png", "image_unreachable", "user");
        refused("file:///etc/passwd", "unknown_image", "must be the id of a file");
        assertThat(fetches.get()).isEqualTo(before + 4);
        assertThat(api.jobs()).isEqualTo(jobs);
    }

    @Test
    void evilImagesAreRefusedBeforeTheyAreDecoded() {
        byte[] bomb = Images.pngOf(60_000, 60_000, 8, 2, Images.packedNoughts(10_000_000));
        refused(data("image/png", bomb), "image_too_large", "60000 × 60000");
        refused(data("image/png", Images.joined(PNG, "<html>".getBytes())), "image_trailing_data", "follow the end");
        refused(data("image/jpeg", PNG), "content_type_mismatch", "image/png");
        refused("data:image/png;base64,%%%", "image_malformed", "base64");
        refused("data:image/svg+xml;base64,AAAA", "unknown_image", "data URL");
        refused("sha256:" + "0".repeat(64), "unknown_image", "no image with this digest");
        refused(UUID.randomUUID().toString(), "unknown_image", "no file has the id");
    }

    @Test
    void anImageIsTurnedUpright() {
        byte[] lying = Images.with(
                Images.jpeg(Images.picture(16, 8, BufferedImage.TYPE_INT_RGB)),
                0xE1,
                Images.joined("Exif\0\0".getBytes(StandardCharsets.ISO_8859_1), Images.exif(6)));
        String name = submit(data("image/jpeg", lying)).at("/input/image").textValue();
        String size = api.database()
                .jdbi()
                .withHandle(handle -> handle.createQuery(
                                "SELECT width || '×' || height FROM input_image WHERE encode(sha256, 'hex') = :digest")
                        .bind("digest", name.substring("sha256:".length()))
                        .mapTo(String.class)
                        .one());
        assertThat(size).isEqualTo("8×16");
    }

    @Test
    void aMaskIsAnImageTooAndBothAreNamedInAProblem() {
        Answer made = api.post(
                "/v1/jobs",
                body("\"image\": \"" + data("image/png", PNG) + "\", \"mask\": \"" + data("image/png", PNG) + "\""));
        assertThat(made.at("/input/mask")).isEqualTo(made.at("/input/image"));
        assertThat(made.at("/input/strength").doubleValue()).isEqualTo(1);
        Answer wrong = api.post("/v1/jobs", body("\"image\": \"a\", \"mask\": \"b\""));
        assertThat(wrong.status()).isEqualTo(422);
        assertThat(wrong.at("/errors/0/pointer").textValue()).isEqualTo("#/input/image");
        assertThat(wrong.at("/errors/1/pointer").textValue()).isEqualTo("#/input/mask");
    }

    @Test
    void jobsOfABatchAreAnsweredEachForItself() {
        String good = body("\"image\": \"" + data("image/png", PNG) + "\"");
        String bad = body("\"image\": \"data:image/png;base64,AAAA\"");
        JsonNode answers = api.post("/v1/jobs:batch", "{\"requests\": [" + bad + "," + good + "]}")
                .json();
        assertThat(answers.at("/results/0/status").intValue()).isEqualTo(422);
        assertThat(answers.at("/results/0/problem/errors/0/pointer").textValue())
                .isEqualTo("#/requests/0/input/image");
        assertThat(answers.at("/results/1/status").intValue()).isEqualTo(202);
        assertThat(answers.at("/results/1/job/input/image").textValue()).startsWith("sha256:");
        Answer none = api.post("/v1/jobs:batch", "{\"atomic\": true, \"requests\": [" + good + "," + bad + "]}");
        assertThat(none.status()).isEqualTo(422);
    }

    @Test
    void aBatchFetchesNoMoreThanAClientWouldWaitFor() {
        String one = body("\"image\": \"" + url("/gone") + "\"");
        int before = fetches.get();
        JsonNode answers = api.post(
                        "/v1/jobs:batch", "{\"requests\": [" + String.join(",", Collections.nCopies(18, one)) + "]}")
                .json();
        assertThat(answers.at("/results/15/problem/errors/0/code").textValue()).isEqualTo("image_unreachable");
        assertThat(answers.at("/results/16/problem/errors/0/code").textValue()).isEqualTo("too_many");
        assertThat(fetches.get()).isEqualTo(before + 16);
    }

    /** Nothing is wrong with such a request: it is no violation. */
    @Test
    void whileThereIsNoRoomToFetchTheClientIsAskedToComeBack() throws IOException {
        String one = body("\"image\": \"" + url("/picture") + "\"");
        List<Socket> unfinished = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) {
                Socket socket = new Socket("127.0.0.1", api.server().port());
                unfinished.add(socket);
                String head = "POST /v1/files HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: " + MOST
                        + "\r\n\r\n";
                socket.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
            }
            Eventually.becomes(
                    "there is no room", () -> api.post("/v1/jobs", one).status() == 503);
            Answer refused = api.post("/v1/jobs", one);
            assertThat(refused.at("/code").textValue()).isEqualTo("fetches_busy");
            assertThat(refused.header("Retry-After")).isEqualTo("5");
            String two = "\"requests\": [" + one + "," + body("\"image\": \"" + data("image/png", PNG) + "\"") + "]}";
            JsonNode answers = api.post("/v1/jobs:batch", "{" + two).json();
            assertThat(answers.at("/results/0/status").intValue()).isEqualTo(503);
            assertThat(answers.at("/results/0/problem/code").textValue()).isEqualTo("fetches_busy");
            assertThat(answers.at("/results/1/status").intValue()).isEqualTo(202);
            Answer none = api.post("/v1/jobs:batch", "{\"atomic\": true, " + two);
            assertThat(none.status()).isEqualTo(503);
            assertThat(none.header("Retry-After")).isEqualTo("5");
        } finally {
            for (Socket socket : unfinished) {
                socket.close();
            }
        }
        Eventually.becomes(
                "there is room again", () -> api.post("/v1/jobs", one).status() == 202);
    }

    @Test
    void aDigestOpensNobodyElsesImage() {
        byte[] own = Images.png(Images.picture(7, 5, BufferedImage.TYPE_INT_RGB));
        String name = submit(data("image/png", own)).at("/input/image").textValue();
        assertThat(submit(name).status()).isEqualTo(202);
        api.execute(
                "UPDATE input_image SET tenant_id = 'somebody-else' WHERE 'sha256:' || encode(sha256, 'hex') = ?",
                name);
        refused(name, "unknown_image", "no image with this digest");
    }

    @Test
    void nothingIsFetchedForAQueueThatTakesNothing() {
        String body = body("\"image\": \"" + url("/picture") + "\"");
        Answer made = api.post("/v1/jobs", body, "Idempotency-Key", "before-the-drain");
        int before = fetches.get();
        String queue = api.get("/v1/models/shapes").at("/queue").textValue();
        api.post("/v1/queues/" + queue + "/drain", "");
        try {
            assertThat(api.post("/v1/jobs", body).at("/code").textValue()).isEqualTo("queue_draining");
            String again = body.replaceFirst("\\{", "{\"idempotency_key\": \"before-the-drain\", ");
            JsonNode answers = api.post("/v1/jobs:batch", "{\"requests\": [" + body + "," + again + "]}")
                    .json();
            assertThat(answers.at("/results/0/problem/code").textValue()).isEqualTo("queue_draining");
            assertThat(answers.at("/results/1/replayed").booleanValue())
                    .as(answers.toString())
                    .isTrue();
            assertThat(answers.at("/results/1/job/id").textValue())
                    .isEqualTo(made.id().toString());
            Answer none = api.post("/v1/jobs:batch", "{\"atomic\": true, \"requests\": [" + again + "," + body + "]}");
            assertThat(none.status()).isEqualTo(503);
            assertThat(none.at("/detail").textValue()).contains("#/requests/1");
            assertThat(fetches.get()).isEqualTo(before);
        } finally {
            api.post("/v1/queues/" + queue + "/resume", "");
        }
    }

    @Test
    void aJobIsTriedAgainWithItsImageOrNotAtAll() {
        byte[] own = Images.png(Images.picture(9, 9, BufferedImage.TYPE_INT_RGB));
        Answer made = submit(data("image/png", own));
        api.run(made.id());
        api.end(made.id(), "failed");
        Answer retried = api.post("/v1/jobs/" + made.id() + "/retry", "");
        assertThat(retried.status()).as(retried.text()).isEqualTo(202);
        assertThat(retried.at("/input")).isEqualTo(made.at("/input"));

        api.execute(
                "DELETE FROM input_image WHERE 'sha256:' || encode(sha256, 'hex') = ?",
                made.at("/input/image").textValue());
        assertThat(api.post("/v1/jobs/" + made.id() + "/retry", "").text()).contains("image_gone");
    }

    private static String body(String fields) {
        return "{\"model\": \"shapes\", \"input\": {\"class\": \"square\", \"steps\": 4, \"seed\": 7, " + fields + "}}";
    }

    private static Answer submit(String image) {
        return api.post("/v1/jobs", body("\"image\": " + Json.write(image)));
    }

    private static void refused(String image, String code, String detail) {
        Answer answer = submit(image);
        assertThat(answer.status()).as(answer.text()).isEqualTo(422);
        assertThat(answer.at("/errors/0/code").textValue()).as(answer.text()).isEqualTo(code);
        assertThat(answer.at("/errors/0/pointer").textValue()).isEqualTo("#/input/image");
        assertThat(answer.at("/errors/0/detail").textValue()).contains(detail);
    }

    private static String data(String mediaType, byte[] bytes) {
        return "data:" + mediaType + ";base64," + Base64.getEncoder().encodeToString(bytes);
    }

    private static String url(String path) {
        return "http://localhost:" + web.getAddress().getPort() + path;
    }

    private static UUID upload() {
        Answer uploaded = api.send(api.request("/v1/files")
                .header("Content-Type", "image/png")
                .POST(HttpRequest.BodyPublishers.ofByteArray(PNG)));
        return uploaded.id();
    }

    /** The objects that are kept of an image. */
    private static List<Path> stored(String name) throws IOException {
        try (Stream<Path> files = Files.walk(api.store())) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.toString().contains(name.substring("sha256:".length())))
                    .toList();
        }
    }
}
