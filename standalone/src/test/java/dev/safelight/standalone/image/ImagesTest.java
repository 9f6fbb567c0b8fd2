package dev.safelight.standalone.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What can be known of the images without a Docker engine: that what they start does start. */
class ImagesTest {
    private static final Path REPOSITORY = Path.of(System.getProperty("safelight.root"));
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    static Stream<ImageStage> stages() throws IOException {
        return ImageStage.read(REPOSITORY.resolve("Dockerfile")).stream();
    }

    @Test
    void thereIsAnImageForEveryPart() throws IOException {
        assertThat(stages().map(ImageStage::name)).containsExactly("migrations", "api", "worker", "worker-gpu");
    }

    @ParameterizedTest
    @MethodSource("stages")
    void anImageWithoutSettingsSaysWhatItMisses(ImageStage stage) throws IOException {
        try (JavaProcess process = start(stage, Map.of())) {
            assertThat(process.awaitExit(PATIENCE)).isEqualTo(2);
            assertThat(process.output()).contains("SAFELIGHT_DATABASE_URL is not set");
        }
    }

    @ParameterizedTest
    @MethodSource("stages")
    void anImageStartsByItsEntrypoint(ImageStage stage) throws IOException {
        DatabaseSettings database = TestServers.newDatabase();
        Map<String, String> environment = Map.of(
                "SAFELIGHT_DATABASE_URL", database.url(),
                "SAFELIGHT_DATABASE_USER", database.user(),
                "SAFELIGHT_DATABASE_PASSWORD", database.password(),
                "SAFELIGHT_KAFKA", TestServers.kafka().bootstrapServers(),
                "SAFELIGHT_STORE_FOLDER", TestServers.newFolder("outputs").toString(),
                "SAFELIGHT_HTTP_HOST", "127.0.0.1",
                "SAFELIGHT_HTTP_PORT", "0");
        try (JavaProcess process = start(stage, environment)) {
            switch (stage.name()) {
                case "migrations" -> {
                    assertThat(process.awaitExit(PATIENCE)).isZero();
                    assertThat(process.output()).contains("applied 0 migrations");
                }
                case "api" -> process.awaitLine(line -> line.contains("http://127.0.0.1:"), PATIENCE);
                case "worker" -> process.awaitLine(line -> line.contains("serves queues [default]"), PATIENCE);
                case "worker-gpu" -> {
                    // On a machine without a GPU it must fail loudly, and never fall back to the CPU.
                    assertThat(process.awaitExit(PATIENCE)).isNotZero();
                    assertThat(process.output()).contains("the device cuda was asked for");
                }
                default -> throw new AssertionError("no expectation of " + stage.name());
            }
        }
    }

    @Test
    void composeAcceptsTheFile() throws Exception {
        boolean installed = Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, "docker-compose")));
        assumeTrue(installed, "docker-compose is not installed: docker-compose.yml was not checked");
        for (List<String> options : List.of(List.<String>of(), List.of("--profile", "gpu"))) {
            List<String> command = Stream.of(List.of("docker-compose"), options, List.of("config", "--quiet"))
                    .flatMap(List::stream)
                    .toList();
            try (JavaProcess compose = JavaProcess.start("docker-compose", command, Map.of(), REPOSITORY)) {
                assertThat(compose.awaitExit(PATIENCE)).as(compose.output()).isZero();
            }
        }
    }

    private static JavaProcess start(ImageStage stage, Map<String, String> settings) throws IOException {
        Path folder = stage.layOut(REPOSITORY, TestServers.newFolder(stage.name()));
        Map<String, String> environment = new HashMap<>(stage.environment());
        // The libraries of the GPU image are not here; the rest of its environment is.
        environment
                .keySet()
                .removeIf(name -> name.contains("LIBRARY_PATH") || name.equals("PATH") || name.startsWith("PYTORCH_"));
        environment.putAll(settings);
        // The image's java is the first on its PATH.
        environment.put("PATH", Path.of(System.getProperty("java.home"), "bin") + ":" + System.getenv("PATH"));
        return JavaProcess.start(stage.name(), onPath(stage.entrypoint()), environment, folder);
    }

    /** ProcessBuilder looks programs up on this process's PATH, a container on its own. */
    private static List<String> onPath(List<String> entrypoint) {
        Path java = Path.of(System.getProperty("java.home"), "bin", entrypoint.getFirst());
        return Stream.concat(Stream.of(java.toString()), entrypoint.stream().skip(1))
                .toList();
    }
}
