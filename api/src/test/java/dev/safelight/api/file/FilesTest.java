package dev.safelight.api.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.Eventually;
import dev.safelight.api.TestApi;
import dev.safelight.api.TestApi.Answer;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Uploads over HTTP. */
class FilesTest {
    private static final byte[] PNG = Images.png(Images.picture(20, 10, BufferedImage.TYPE_INT_RGB));

    private static TestApi api;

    @BeforeAll
    static void start() {
        api = TestApi.with(Map.of("SAFELIGHT_FILE_LIMIT", "4000000", "SAFELIGHT_FILES_PER_TENANT", "5"));
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    @Test
    void anImageIsStoredShownAndRemoved() throws IOException {
        Answer uploaded = upload("/v1/files", "image/png", PNG);
        assertThat(uploaded.status()).as(uploaded.text()).isEqualTo(201);
        String self = "/v1/files/" + uploaded.id();
        assertThat(uploaded.header("Location")).isEqualTo(self);
        assertThat(uploaded.at("/width").intValue()).isEqualTo(20);
        assertThat(uploaded.at("/height").intValue()).isEqualTo(10);
        assertThat(uploaded.at("/content_type").textValue()).isEqualTo("image/png");
        assertThat(Instant.parse(uploaded.at("/expires_at").textValue()))
                .isBetween(
                        Instant.now().plus(Duration.ofHours(23)), Instant.now().plus(Duration.ofHours(25)));

        assertThat(api.get(self).text()).isEqualTo(uploaded.text());
        Answer content = api.get(self + "/content");
        assertThat(content.status()).isEqualTo(200);
        assertThat(content.header("Content-Type")).isEqualTo("image/png");
        assertThat(content.header("ETag"))
                .isEqualTo("\"" + uploaded.at("/sha256").textValue() + "\"");
        assertThat(Images.decoded(content.bytes()).getRGB(3, 4))
                .isEqualTo(Images.decoded(PNG).getRGB(3, 4));
        assertThat(stored()).anyMatch(file -> file.endsWith(uploaded.id() + ".png"));

        assertThat(api.delete(self).status()).isEqualTo(204);
        assertThat(api.delete(self).status()).isEqualTo(404);
        assertThat(api.get(self).status()).isEqualTo(404);
        assertThat(api.get(self + "/content").status()).isEqualTo(404);
        assertThat(stored()).noneMatch(file -> file.endsWith(uploaded.id() + ".png"));
    }

    @Test
    void aLargeImageIsTakenAndATooLargeOneRefused() {
        BufferedImage noise = new BufferedImage(700, 700, BufferedImage.TYPE_INT_RGB);
        RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
        for (int i = 0; i < 700 * 700; i++) {
            noise.setRGB(i % 700, i / 700, random.nextInt());
        }
        byte[] large = Images.png(noise);
        assertThat(large.length).as("beyond what JSON may have").isGreaterThan(1_000_000);
        Answer taken = upload("/v1/files", "image/png", large);
        assertThat(taken.status()).isEqualTo(201);
        assertThat(api.delete("/v1/files/" + taken.id()).status()).isEqualTo(204);
        Answer refused = upload("/v1/files", "image/png", new byte[4_000_001]);
        assertThat(refused.status()).isEqualTo(413);
        assertThat(refused.at("/detail").textValue()).contains("4000000");
    }

    @Test
    void whatIsNoImageIsRefusedAndLeavesNothing() throws IOException {
        List<Path> before = stored();
        Answer broken = upload("/v1/files", "image/png", new byte[] {1, 2, 3});
        assertThat(broken.status()).isEqualTo(422);
        assertThat(broken.at("/code").textValue()).isEqualTo("image_malformed");
        for (String type : List.of("image/gif", "application/json", "text/plain")) {
            Answer answer = upload("/v1/files", type, PNG);
            assertThat(answer.status()).isEqualTo(415);
            assertThat(answer.at("/detail").textValue()).contains("image/jpeg or image/png or image/webp");
        }
        assertThat(upload("/v1/files?expires_in=1", "image/png", PNG).status()).isEqualTo(400);
        assertThat(stored()).isEqualTo(before);
    }

    /** Three of the largest kind are all that is held of one tenant at a time. */
    @Test
    void uploadsThatAreNeverFinishedHoldNobodyUpForLong() throws IOException {
        List<Socket> slow = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            slow.add(unfinishedUpload());
        }
        Eventually.becomes("there is no room", () -> {
            Answer answer = upload("/v1/files", "image/png", PNG);
            if (answer.status() == 201) {
                api.delete("/v1/files/" + answer.id());
                // One of the three may have come while this small one was in the way, and been refused.
                slow.add(unfinishedUpload());
            }
            return answer.at("/code").asText().equals("uploads_busy");
        });
        Answer large = api.post("/v1/jobs:batch", "{\"jobs\": []}" + " ".repeat(300_000));
        assertThat(large.at("/code").textValue()).isEqualTo("uploads_busy");
        assertThat(api.post("/v1/jobs:batch", "{\"jobs\": []}").status()).isEqualTo(422);
        for (Socket socket : slow) {
            socket.close();
        }
        Eventually.becomes("there is room again", () -> {
            Answer answer = upload("/v1/files", "image/png", PNG);
            return answer.status() == 201
                    && api.delete("/v1/files/" + answer.id()).status() == 204;
        });
    }

    @Test
    void anExpiredFileIsNotThereAndTheOthersCountAgain() {
        UUID first = upload("/v1/files?expires_in=60", "IMAGE/PNG; q=1", PNG).id();
        List<UUID> others = Stream.generate(
                        () -> upload("/v1/files", "image/png", PNG).id())
                .limit(4)
                .toList();
        Answer full = upload("/v1/files", "image/png", PNG);
        assertThat(full.status()).isEqualTo(409);
        assertThat(full.at("/code").textValue()).isEqualTo("too_many_files");
        api.execute("UPDATE file SET expires_at = expires_at - interval '1 hour' WHERE file_id = ?", first);
        assertThat(api.get("/v1/files/" + first).status()).isEqualTo(404);
        assertThat(api.delete("/v1/files/" + first).status()).isEqualTo(404);
        UUID next = upload("/v1/files", "image/png", PNG).id();
        api.execute("DELETE FROM file WHERE file_id = ?", first);
        for (UUID file : others) {
            api.delete("/v1/files/" + file);
        }
        api.delete("/v1/files/" + next);
    }

    private static Socket unfinishedUpload() {
        try {
            Socket socket = new Socket("127.0.0.1", api.server().port());
            socket.getOutputStream()
                    .write(("POST /v1/files HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\n"
                                    + "Content-Length: 4000000\r\n\r\n")
                            .getBytes(StandardCharsets.ISO_8859_1));
            return socket;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Answer upload(String path, String type, byte[] body) {
        return api.send(
                api.request(path).header("Content-Type", type).POST(HttpRequest.BodyPublishers.ofByteArray(body)));
    }

    private static List<Path> stored() throws IOException {
        Path folder = api.store().resolve("files");
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }
}
