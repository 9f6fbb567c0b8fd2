package dev.safelight.standalone.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.config.StoreSettings;
import dev.safelight.common.store.S3Server;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.KafkaMain;
import dev.safelight.embedded.PostgresMain;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.standalone.client.SafelightClient;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The packaged programs, started as their images start them, against a Postgres and a Kafka in processes of their own,
 * with either store.
 */
class SeparateProcessesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private static final Path FOLDER = TestServers.newFolder("separate");
    /** A database of its own: one belongs to one store. */
    private static final String ON_S3 = "on_s3";

    /** The image of the API listens for everybody, and so wants a key. */
    private static final String KEY = "sl_" + "0123456789abcdef".repeat(3);

    private static JavaProcess postgres;
    private static JavaProcess kafka;

    @BeforeAll
    static void startServers() {
        postgres = server(PostgresMain.class, FOLDER.resolve("postgres"), ON_S3);
        kafka = server(KafkaMain.class, FOLDER.resolve("kafka"));
    }

    @AfterAll
    static void stopServers() {
        kafka.kill();
        // A killed runner would leave its server.
        postgres.terminate();
        postgres.awaitExit(PATIENCE);
    }

    @Test
    void makeAPictureTogetherInAFolder() throws Exception {
        makeAPicture(
                "safelight",
                Map.of("SAFELIGHT_STORE_FOLDER", FOLDER.resolve("outputs").toString()));
    }

    @Test
    void makeAPictureTogetherInABucket() throws Exception {
        try (S3Server server = S3Server.start(FOLDER.resolve("s3"))) {
            StoreSettings store = server.settings();
            makeAPicture(
                    ON_S3,
                    Map.of(
                            "SAFELIGHT_STORE", "s3",
                            "SAFELIGHT_S3_ENDPOINT", store.endpoint(),
                            "SAFELIGHT_S3_BUCKET", store.bucket(),
                            "SAFELIGHT_S3_ACCESS_KEY", store.accessKey(),
                            "SAFELIGHT_S3_SECRET_KEY", store.secretKey()));
        }
    }

    private static void makeAPicture(String database, Map<String, String> store) throws Exception {
        String[] server = ready(postgres);
        String url = server[1].substring(0, server[1].lastIndexOf('/') + 1) + database;
        Map<String, String> environment = new HashMap<>(store);
        environment.putAll(Map.of(
                "SAFELIGHT_DATABASE_URL",
                url,
                "SAFELIGHT_DATABASE_USER",
                server[2],
                "SAFELIGHT_DATABASE_PASSWORD",
                server[3],
                "SAFELIGHT_KAFKA",
                ready(kafka)[1],
                "SAFELIGHT_MODELS",
                ImageStage.REPOSITORY
                        .resolve("worker/src/test/resources/bundles")
                        .toString(),
                "SAFELIGHT_ADMIN_KEY",
                KEY,
                "SAFELIGHT_DEVICE",
                "cpu",
                "SAFELIGHT_HTTP_PORT",
                "0"));
        try (JavaProcess migrations = ImageStage.named("migrations").start(environment)) {
            assertThat(migrations.awaitExit(PATIENCE)).as(migrations.output()).isZero();
        }
        try (JavaProcess api = ImageStage.named("api").start(environment);
                JavaProcess worker = ImageStage.named("worker").start(environment)) {
            String listening = api.awaitLine(line -> line.startsWith("Safelight API listens on "), PATIENCE);
            submitAndFetch(listening.substring(listening.lastIndexOf(' ') + 1));
            worker.terminate();
            assertThat(worker.awaitExit(PATIENCE)).as(worker.output()).isZero();
            assertThat(worker.output())
                    .as("its manifest opens what the device needs")
                    .doesNotContain("--add-opens");
            api.terminate();
            assertThat(api.awaitExit(PATIENCE)).as(api.output()).isIn(0, 143);
        }
    }

    private static void submitAndFetch(String url) throws Exception {
        try (SafelightClient client = new SafelightClient(URI.create(url), Optional.of(KEY))) {
            ObjectNode request = Json.MAPPER.createObjectNode().put("model", "tiny");
            request.putObject("input").put("class", "cross").put("seed", 3);
            JsonNode job = client.submit(request);
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (!job.path("state").asText().equals("succeeded")) {
                assertThat(System.nanoTime()).as("deadline of " + job).isLessThan(deadline);
                assertThat(job.path("state").asText()).isIn("queued", "running");
                job = client.await(job.path("id").asText(), Duration.ofSeconds(20));
            }
            byte[] png = client.output(job.path("outputs").get(0).path("url").asText());
            assertThat(ImageIO.read(new ByteArrayInputStream(png)).getHeight()).isEqualTo(28);
        }
    }

    private static JavaProcess server(Class<?> main, Path folder, String... more) {
        List<String> arguments = new ArrayList<>(List.of(folder.toString(), "0"));
        arguments.addAll(List.of(more));
        return JavaProcess.start(main, List.of(), Map.of(), arguments.toArray(String[]::new));
    }

    private static String[] ready(JavaProcess server) {
        return server.awaitLine(line -> line.startsWith("ready "), PATIENCE).split(" ");
    }
}
