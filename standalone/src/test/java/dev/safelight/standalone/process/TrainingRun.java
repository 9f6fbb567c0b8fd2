package dev.safelight.standalone.process;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.Ports;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.standalone.Standalone;
import dev.safelight.standalone.StandaloneSettings;
import dev.safelight.standalone.client.SafelightClient;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** Does once what the child processes of the tests do, so that a JVM learns which classes they need, and ends. */
public final class TrainingRun {
    private static final Path MODELS =
            Path.of(System.getProperty("safelight.root", ".."), "worker/src/test/resources/bundles");

    private TrainingRun() {}

    public static void main(String[] arguments) throws Exception {
        Path data = TestServers.newFolder("training");
        try (Standalone standalone = new Standalone(new StandaloneSettings(Ports.free(), data, MODELS, Map.of()))) {
            standalone.start();
            try (SafelightClient client = new SafelightClient(URI.create(standalone.url()))) {
                ObjectNode request = Json.MAPPER.createObjectNode().put("model", "tiny");
                request.putObject("input").put("class", "circle").put("steps", 4);
                String job = client.submit(request).path("id").asText();
                client.await(job, Duration.ofSeconds(20));
                client.output("/v1/jobs/" + job + "/outputs/0");
            }
        }
        // Threads of libraries would keep the process.
        System.exit(0);
    }
}
