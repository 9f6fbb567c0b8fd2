package dev.safelight.standalone.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What can be known of the images without a Docker engine: that what they start does start. */
class ImagesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    static Stream<ImageStage> stages() throws IOException {
        return ImageStage.all().stream();
    }

    @Test
    void thereIsAnImageForEveryPart() throws IOException {
        assertThat(stages().map(ImageStage::name)).containsExactly("migrations", "api", "worker", "worker-gpu");
    }

    @ParameterizedTest
    @MethodSource("stages")
    void anImageWithoutSettingsSaysWhatItMisses(ImageStage stage) throws IOException {
        try (JavaProcess process = stage.start(Map.of())) {
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
        try (JavaProcess process = stage.start(environment)) {
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
}
