package dev.safelight.api.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.Main;
import dev.safelight.api.TestApi;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.random.RandomGenerator;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** As many of the largest images as are held at a time, in the heap of the API's container image: one too many, and it exits. */
class LargestImagesTest {
    private static final int LARGEST = 16_777_216;
    private static final int SIDE = 2_048;
    private static final boolean LONG = Boolean.getBoolean("safelight.long");
    private static final int ROUNDS = 5;
    /** A lossy WebP of as many pixels, all of one colour, packed with gzip. What its decoder holds depends on the pixels alone. */
    private static final byte[] PACKED_WEBP = Base64.getDecoder()
            .decode("H4sIAAAAAAACAwvydHMLk2VgCHd1CggLsFDwArI/lDDPZdRi4GDgsD/77GPx/h3GaxZwMH+w7MzMe1ieKO3A+Yb5fs"
                    + "6c9n03LflrNxXJ/U55Yvvt5Inqt5MnfL+trvh+m5/zqPSo9Kj0qPSo9Kj0qPSo9Kj0qPSo9Kj0qPSo9Kj0qPSo9Kj0"
                    + "qPSo9Kj0qPSo9Kj0qPSo9Kg0edIPHRj+/Y9lGAWDEAAAaEiEhl4dAAA=");

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private URI api;

    /** Without the API, in whose place something else is held. */
    @Test
    void asManyAsAreHeldAtOnceFitTheHeap() throws IOException {
        try (JavaProcess process = JavaProcess.start(Held.class, heapOfTheImage(), Map.of())) {
            process.awaitLine(line -> line.equals("all taken"), PATIENCE);
            assertThat(process.awaitExit(PATIENCE)).isZero();
        }
    }

    static final class Held {
        private static final List<byte[]> REST = new ArrayList<>();

        private Held() {}

        public static void main(String[] arguments) throws Exception {
            byte[] image = largest();
            BlockingQueue<byte[]> images = new LinkedBlockingQueue<>(List.of(image, image.clone(), image.clone()));
            REST.add(image.clone());
            // What else there may be in a busy process.
            for (int i = 0; i < 80; i++) {
                REST.add(new byte[1 << 20]);
            }
            ImageIntake intake = new ImageIntake(SIDE * SIDE);
            CountDownLatch all = new CountDownLatch(3);
            for (String tenant : List.of("a", "b", "c")) {
                Thread.startVirtualThread(() -> {
                    try {
                        Bytes file = new Bytes(images.take());
                        intake.place(tenant, "image/png", () -> intake.take("image/png", file));
                        all.countDown();
                    } catch (UnusableImage | IOException | InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
            }
            all.await();
            System.out.println("all taken");
        }
    }

    /** Uploaded and fetched, by two tenants. */
    @Test
    @EnabledIfSystemProperty(named = "safelight.long", matches = "true")
    void theApiLivesOnAsManyAsItTakesAtOnce() throws Exception {
        byte[] image = largest();
        com.sun.net.httpserver.HttpServer web =
                com.sun.net.httpserver.HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        web.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        web.createContext("/", exchange -> {
            try (exchange) {
                exchange.sendResponseHeaders(200, image.length);
                exchange.getResponseBody().write(image);
            }
        });
        web.start();
        try (JavaProcess process = JavaProcess.start(Main.class, heapOfTheImage(), environment())) {
            String ready = "Safelight API listens on ";
            api = URI.create(
                    process.awaitLine(line -> line.startsWith(ready), PATIENCE).substring(ready.length()));
            String a = key("a");
            String b = key("b");
            String url = "http://localhost:" + web.getAddress().getPort() + "/";
            for (int round = 0; round < ROUNDS; round++) {
                // What these two hold is not given back before the others are done.
                try (Socket first = unfinished(a, image);
                        Socket second = unfinished(b, image)) {
                    CompletableFuture<HttpResponse<String>> uploaded = upload(a, image);
                    CompletableFuture<HttpResponse<String>> fetched = submit(b, url);
                    assertThat(uploaded.get().statusCode())
                            .as(uploaded.get().body())
                            .isEqualTo(201);
                    assertThat(fetched.get().statusCode())
                            .as(fetched.get().body())
                            .isEqualTo(202);
                    HttpResponse<String> webp = submit(b, webp()).get();
                    assertThat(webp.statusCode()).as(webp.body()).isEqualTo(202);
                    assertThat(first.isConnected() && second.isConnected()).isTrue();
                }
            }
            assertThat(process.isAlive()).isTrue();
        } finally {
            web.stop(0);
        }
    }

    private static String webp() throws IOException {
        try (InputStream webp = new GZIPInputStream(new ByteArrayInputStream(PACKED_WEBP))) {
            return "data:image/webp;base64," + Base64.getEncoder().encodeToString(webp.readAllBytes());
        }
    }

    /** What the Dockerfile says that the JVM of the API is started with. */
    private static List<String> heapOfTheImage() throws IOException {
        String line = Files.readAllLines(Path.of(System.getProperty("safelight.root"), "Dockerfile")).stream()
                .filter(text -> text.startsWith("ENTRYPOINT") && text.contains("safelight-api.jar"))
                .findFirst()
                .orElseThrow();
        List<String> options = Arrays.stream(line.split("\""))
                .filter(word -> word.startsWith("-X"))
                .toList();
        assertThat(options).anyMatch(option -> option.startsWith("-Xmx")).contains("-XX:+ExitOnOutOfMemoryError");
        return options;
    }

    private static Map<String, String> environment() {
        DatabaseSettings database = TestServers.newDatabase();
        return Map.ofEntries(
                Map.entry("SAFELIGHT_HTTP_PORT", "0"),
                Map.entry("SAFELIGHT_MODELS", TestApi.models().toString()),
                Map.entry("SAFELIGHT_DATABASE_URL", database.url()),
                Map.entry("SAFELIGHT_DATABASE_USER", database.user()),
                Map.entry("SAFELIGHT_DATABASE_PASSWORD", database.password()),
                Map.entry("SAFELIGHT_KAFKA", TestServers.kafka().bootstrapServers()),
                Map.entry(
                        "SAFELIGHT_STORE_FOLDER", TestServers.newFolder("store").toString()),
                Map.entry("SAFELIGHT_AUTH", "keys"),
                Map.entry("SAFELIGHT_ADMIN_KEY", TestApi.ADMIN_KEY),
                Map.entry("SAFELIGHT_WEBHOOK_ALLOW", "localhost"),
                Map.entry("SAFELIGHT_WEBHOOK_PORTS", "any"),
                // The machine may be busy with other things.
                Map.entry("SAFELIGHT_FILE_DEADLINE", "10m"),
                Map.entry("SAFELIGHT_IMAGE_FETCH_TIMEOUT", "2m"));
    }

    /** Of a new tenant. */
    private String key(String tenant) throws Exception {
        administer("/v1/tenants", "{\"id\": \"%s\"}".formatted(tenant));
        String made = administer(
                "/v1/keys",
                "{\"name\": \"%s\", \"tenant\": \"%s\", \"scopes\": [\"jobs:write\"]}".formatted(tenant, tenant));
        return Json.MAPPER.readTree(made).required("key").textValue();
    }

    private String administer(String path, String body) throws Exception {
        HttpRequest request = request(path, TestApi.ADMIN_KEY)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> reply = client.send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(reply.statusCode()).as(reply.body()).isEqualTo(201);
        return reply.body();
    }

    private CompletableFuture<HttpResponse<String>> upload(String key, byte[] image) {
        HttpRequest request = request("/v1/files", key)
                .header("Content-Type", "image/png")
                .POST(HttpRequest.BodyPublishers.ofByteArray(image))
                .build();
        return client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
    }

    private CompletableFuture<HttpResponse<String>> submit(String key, String url) {
        HttpRequest request = request("/v1/jobs", key)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"model\": \"shapes\", \"input\": {\"class\": \"square\", \"image\": \"" + url + "\"}}"))
                .build();
        return client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String path, String key) {
        return HttpRequest.newBuilder(api.resolve(path)).timeout(PATIENCE).header("Authorization", "Bearer " + key);
    }

    /** An upload that lacks its last byte. */
    private Socket unfinished(String key, byte[] image) throws IOException {
        Socket socket = new Socket(api.getHost(), api.getPort());
        String head = "POST /v1/files HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + key
                + "\r\nContent-Type: image/png\r\nContent-Length: " + image.length + "\r\n\r\n";
        socket.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().write(image, 0, image.length - 1);
        return socket;
    }

    /** As many bytes and as many pixels as are taken, of the kind that takes most memory, to be turned as well. */
    static byte[] largest() throws IOException {
        byte[] rows = rows();
        byte[] turned = Images.with(Images.pngOf(SIDE, SIDE, 16, 6, rows), Images.chunk("eXIf", Images.exif(6)));
        byte[] filler = new byte[LARGEST - turned.length - 12];
        filler[0] = 'a';
        return Images.with(turned, Images.chunk("tEXt", filler));
    }

    /** Rows of 16 bits RGBA; in the long run such as hardly pack once they are made anew with 8. */
    private static byte[] rows() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Deflater fast = new Deflater(Deflater.BEST_SPEED);
        fast.setStrategy(Deflater.HUFFMAN_ONLY);
        try (DeflaterOutputStream packed = new DeflaterOutputStream(out, fast)) {
            RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
            byte[] row = new byte[1 + SIDE * 8];
            byte[] samples = new byte[SIDE * 4];
            for (int y = 0; y < SIDE; y++) {
                if (LONG) {
                    random.nextBytes(samples);
                }
                for (int i = 0; i < samples.length; i++) {
                    row[1 + 2 * i] = (byte) (samples[i] & 0x3F);
                }
                packed.write(row);
            }
        } finally {
            fast.end();
        }
        return out.toByteArray();
    }
}
