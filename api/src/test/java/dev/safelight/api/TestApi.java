package dev.safelight.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.store.Database;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.testing.TestServers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** A real API on real servers, a client for it, and hands in its database where a worker's would be. */
public final class TestApi implements AutoCloseable {
    /** A job that the bundled test model takes as it is. */
    public static final String JOB =
            "{\"model\": \"shapes\", \"input\": {\"class\": \"square\", \"steps\": 4, \"seed\": 7}}";

    /** Of an API that was started with keys. */
    public static final String ADMIN_KEY = "sl_the-key-of-the-tests-administrator";

    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final ApiSettings settings;
    private final ApiServer server;
    private final Database database;

    private TestApi(ApiSettings settings, ApiServer server, Database database) {
        this.settings = settings;
        this.server = server;
        this.database = database;
    }

    /** With a database of its own and the shared Kafka. */
    public static TestApi start() {
        return start(TestServers.newDatabase(), TestServers.kafka().bootstrapServers());
    }

    public static TestApi start(DatabaseSettings database, String kafka) {
        return start(settings(database, kafka, TestServers.newFolder("store"), Map.of()));
    }

    /** With keys, and the administrator's one in the settings. */
    public static TestApi startWithKeys() {
        return with(Map.of("SAFELIGHT_AUTH", "keys", "SAFELIGHT_ADMIN_KEY", ADMIN_KEY));
    }

    /** As {@link #start()}, with further variables. */
    public static TestApi with(Map<String, String> more) {
        return start(settings(
                TestServers.newDatabase(),
                TestServers.kafka().bootstrapServers(),
                TestServers.newFolder("store"),
                more));
    }

    /** A second process, as it were, of the same installation. */
    public static TestApi beside(TestApi other) {
        return start(other.settings);
    }

    public static TestApi start(ApiSettings settings) {
        try {
            return new TestApi(settings, ApiServer.start(settings), Database.open(settings.database(), "test"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static ApiSettings settings(DatabaseSettings database, String kafka, Path store, Map<String, String> more) {
        Map<String, String> environment = new HashMap<>(Map.of(
                "SAFELIGHT_HTTP_PORT", "0",
                "SAFELIGHT_MODELS", models().toString(),
                "SAFELIGHT_DATABASE_URL", database.url(),
                "SAFELIGHT_DATABASE_USER", database.user(),
                "SAFELIGHT_DATABASE_PASSWORD", database.password(),
                "SAFELIGHT_KAFKA", kafka,
                "SAFELIGHT_STORE_FOLDER", store.toString()));
        environment.putAll(more);
        Settings settings = new Settings(environment);
        ApiSettings read = ApiSettings.read(settings);
        settings.check();
        return read;
    }

    /** A folder with two bundles, of which the API reads the manifests only. */
    public static Path models() {
        Path models = TestServers.newFolder("models");
        bundle(
                models,
                "shapes",
                "2026-02-01",
                "\"kind\": \"class\", \"classes\": [\"circle\", \"square\"], \"nullIndex\": 2");
        bundle(models, "dots", "2026-01-01", "\"kind\": \"none\"");
        return models;
    }

    private static void bundle(Path models, String name, String date, String conditioning) {
        String manifest =
                """
                {"format": 1, "name": "%s", "title": "A test", "description": "Draws", "author": "us", "date": "%s",
                 "license": {"weights": "Apache-2.0", "data": "none"}, "parameters": 12, "queue": "%s",
                 "networks": {"denoiser": {"file": "net.pt", "sha256": "00", "inputs": ["x", "t"], "maxRows": 8}},
                 "latent": {"shape": [1, 4, 4], "range": [-1, 1]},
                 "process": {"kind": "vp", "schedule": {"kind": "linear", "steps": 1000}, "prediction": "epsilon"},
                 "conditioning": {%s}, "decoder": {"kind": "pixels"}, "samplers": ["ddim", "euler", "dpmpp-2m"],
                 "defaults": {"sampler": "ddim", "steps": 10, "guidance": 2, "spacing": "trailing", "eta": 0},
                 "limits": {"steps": 1000, "count": 4}, "golden": {"file": "golden.json"}}
                """.formatted(name, date, "test-" + UUID.randomUUID().toString().substring(0, 8), conditioning);
        try {
            Files.writeString(Files.createDirectories(models.resolve(name)).resolve("model.json"), manifest);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public ApiServer server() {
        return server;
    }

    public Database database() {
        return database;
    }

    /** The folder of the file store. */
    public Path store() {
        return settings.store().folder();
    }

    public HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(server.url() + path)).timeout(Duration.ofSeconds(90));
    }

    public Answer get(String path, String... headers) {
        return send(headers(request(path).GET(), headers));
    }

    public Answer delete(String path) {
        return send(request(path).DELETE());
    }

    /** Posts JSON, or nothing where the body is empty. */
    public Answer post(String path, String body, String... headers) {
        HttpRequest.Builder request = request(path).POST(HttpRequest.BodyPublishers.ofString(body));
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        return send(headers(request, headers));
    }

    public Answer submit(String... headers) {
        return post("/v1/jobs", JOB, headers);
    }

    public Answer send(HttpRequest.Builder request) {
        try {
            return new Answer(CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofByteArray()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Sends Latin-1 text as it is, and reads until the server closes. */
    public String raw(String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** How many jobs are stored. */
    public long jobs() {
        return database.jdbi()
                .withHandle(handle -> handle.createQuery("SELECT count(*) FROM job")
                        .mapTo(long.class)
                        .one());
    }

    public void execute(String sql, Object... arguments) {
        database.jdbi().useHandle(handle -> handle.execute(sql, arguments));
    }

    /** What a claim does. */
    public void run(UUID job) {
        execute(
                "UPDATE job SET state = 'running', attempt = attempt + 1, owner = gen_random_uuid(),"
                        + " lease_until = now() + interval '1 hour', started_at = coalesce(started_at, now()),"
                        + " released_at = NULL WHERE job_id = ?",
                job);
    }

    /** What the completion of a running job does, with one image of the given bytes. */
    public void succeed(UUID job, byte[] image) {
        String objectKey = "outputs/" + JobKey.DEFAULT_TENANT + "/" + job + "/1/0.png";
        try {
            Path file = store().resolve(objectKey);
            Files.createDirectories(file.getParent());
            Files.write(file, image);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        execute(
                "INSERT INTO job_output (tenant_id, job_id, ordinal, attempt, object_key, content_type, width, height,"
                        + " bytes, sha256, seed) VALUES ('default', ?, 0, 1, ?, 'image/png', 4, 4, ?, sha256(?), 7)",
                job,
                objectKey,
                image.length,
                image);
        end(job, "succeeded");
    }

    /** Ends a running job; {@code failed} gets an error. */
    public void end(UUID job, String state) {
        execute(
                "UPDATE job SET state = ?, owner = NULL, lease_until = NULL, finished_at = now(),"
                        + " error = CASE WHEN ? = 'failed' THEN '{\"code\": \"broken\", \"message\": \"It broke.\"}'::jsonb END"
                        + " WHERE job_id = ?",
                state,
                state,
                job);
    }

    @Override
    public void close() {
        server.close();
        database.close();
    }

    private static HttpRequest.Builder headers(HttpRequest.Builder request, String... headers) {
        return headers.length == 0 ? request : request.headers(headers);
    }

    /** A reply, read whole. */
    public record Answer(HttpResponse<byte[]> response) {
        public int status() {
            return response.statusCode();
        }

        public byte[] bytes() {
            return response.body();
        }

        public String text() {
            return new String(response.body(), StandardCharsets.UTF_8);
        }

        public ObjectNode json() {
            try {
                return (ObjectNode) Json.MAPPER.readTree(response.body());
            } catch (IOException e) {
                throw new UncheckedIOException(text(), e);
            }
        }

        /** A field of the body, by JSON pointer. */
        public JsonNode at(String pointer) {
            return json().at(pointer);
        }

        public String header(String name) {
            return response.headers().firstValue(name).orElse(null);
        }

        public UUID id() {
            return UUID.fromString(at("/id").textValue());
        }
    }
}
