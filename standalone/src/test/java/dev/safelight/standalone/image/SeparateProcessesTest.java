package dev.safelight.standalone.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

/** The packaged programs, started as their images start them, against a Postgres and a Kafka in processes of their own. */
class SeparateProcessesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    @Test
    void makeAPictureTogether() throws Exception {
        Path folder = TestServers.newFolder("separate");
        try (JavaProcess postgres = server(PostgresMain.class, folder.resolve("postgres"));
                JavaProcess kafka = server(KafkaMain.class, folder.resolve("kafka"))) {
            String[] database = ready(postgres);
            Map<String, String> environment = Map.of(
                    "SAFELIGHT_DATABASE_URL",
                    database[1],
                    "SAFELIGHT_DATABASE_USER",
                    database[2],
                    "SAFELIGHT_DATABASE_PASSWORD",
                    database[3],
                    "SAFELIGHT_KAFKA",
                    ready(kafka)[1],
                    "SAFELIGHT_STORE_FOLDER",
                    folder.resolve("outputs").toString(),
                    "SAFELIGHT_MODELS",
                    ImageStage.REPOSITORY
                            .resolve("worker/src/test/resources/bundles")
                            .toString(),
                    "SAFELIGHT_DEVICE",
                    "cpu",
                    "SAFELIGHT_HTTP_PORT",
                    "0");
            try (JavaProcess migrations = ImageStage.named("migrations").start(environment)) {
                assertThat(migrations.awaitExit(PATIENCE))
                        .as(migrations.output())
                        .isZero();
            }
            try (JavaProcess api = ImageStage.named("api").start(environment);
                    JavaProcess worker = ImageStage.named("worker").start(environment)) {
                String listening = api.awaitLine(line -> line.startsWith("Safelight API listens on "), PATIENCE);
                submitAndFetch(listening.substring(listening.lastIndexOf(' ') + 1));
                worker.terminate();
                assertThat(worker.awaitExit(PATIENCE)).as(worker.output()).isZero();
                api.terminate();
                assertThat(api.awaitExit(PATIENCE)).as(api.output()).isIn(0, 143);
            } finally {
                // A killed runner would leave its server.
                postgres.terminate();
                postgres.awaitExit(PATIENCE);
            }
        }
    }

    private static void submitAndFetch(String url) throws Exception {
        try (SafelightClient client = new SafelightClient(URI.create(url))) {
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

    private static JavaProcess server(Class<?> main, Path folder) {
        return JavaProcess.start(main, List.of(), Map.of(), folder.toString(), "0");
    }

    private static String[] ready(JavaProcess server) {
        return server.awaitLine(line -> line.startsWith("ready "), PATIENCE).split(" ");
    }
}
