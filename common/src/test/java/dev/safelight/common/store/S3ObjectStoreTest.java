package dev.safelight.common.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.common.config.StoreSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class S3ObjectStoreTest extends ObjectStoreContract {
    @TempDir
    private static Path folder;

    private static S3Server server;
    private static ObjectStore store;

    @BeforeAll
    static void start() throws IOException {
        server = S3Server.start(folder);
        store = ObjectStores.open(server.settings());
    }

    @AfterAll
    static void stop() {
        store.close();
        server.close();
    }

    @Override
    ObjectStore store() {
        return store;
    }

    @Test
    void aPresignedUrlNeedsNoKey() throws Exception {
        store.put("outputs/default/presigned.png", bytes(500), "image/png");
        URI url = store.presign("outputs/default/presigned.png", "image/png", Duration.ofMinutes(5))
                .orElseThrow();
        HttpResponse<byte[]> response = get(url);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(bytes(500));
        assertThat(response.headers().firstValue("Content-Type")).contains("image/png");
    }

    @Test
    void aTamperedUrlIsRefused() throws Exception {
        store.put("outputs/default/mine.png", bytes(500), "image/png");
        store.put("outputs/default/other.png", bytes(500), "image/png");
        URI url = store.presign("outputs/default/mine.png", "image/png", Duration.ofMinutes(5))
                .orElseThrow();
        assertThat(get(URI.create(url.toString().replace("mine.png", "other.png")))
                        .statusCode())
                .isEqualTo(403);
    }

    @Test
    void clientsAreSentToTheAddressThatTheyCanReach() throws Exception {
        try (ObjectStore inside = ObjectStores.open(server.settings("https://pictures.example"))) {
            URI url = inside.presign("outputs/default/a.png", "image/png", Duration.ofMinutes(5))
                    .orElseThrow();
            assertThat(url.getHost()).isEqualTo("pictures.example");
        }
        try (ObjectStore hidden = ObjectStores.open(server.settings(StoreSettings.UNREACHABLE))) {
            assertThat(hidden.presign("outputs/default/a.png", "image/png", Duration.ofMinutes(5)))
                    .isEmpty();
        }
    }

    /** The list comes in pages of 1,000. */
    @Test
    void aLongListIsComplete() throws IOException {
        for (int index = 0; index < 1005; index++) {
            store.put("outputs/long/" + index + "/0.png", new byte[] {1}, "image/png");
        }
        assertThat(keys("outputs/long/")).hasSize(1005).doesNotHaveDuplicates();
    }

    @Test
    void aServerThatIsDownIsAnInputOutputProblem() throws IOException {
        StoreSettings settings = server.settings();
        StoreSettings nowhere = new StoreSettings(
                settings.kind(),
                settings.folder(),
                settings.bucket(),
                "http://127.0.0.1:1",
                "",
                settings.region(),
                settings.accessKey(),
                settings.secretKey());
        try (ObjectStore down = ObjectStores.open(nowhere)) {
            assertThatThrownBy(() -> down.put("outputs/a", bytes(1), "image/png"))
                    .isInstanceOf(IOException.class);
            assertThatThrownBy(() -> down.open("outputs/a", 0, 0))
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(NoSuchFileException.class);
            assertThatThrownBy(() -> down.size("outputs/a")).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> down.delete("outputs/a")).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> down.list("outputs/").toList()).isInstanceOf(IOException.class);
        }
    }

    private static HttpResponse<byte[]> get(URI url) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(HttpRequest.newBuilder(url).build(), HttpResponse.BodyHandlers.ofByteArray());
        }
    }
}
