package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.worker.batch.Ticket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every model in {@code models} computes what it computed where it was trained, and draws a picture with its defaults. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ShippedModelsTest {
    private static final int MOST_STEPS = 25;

    private Engine engine;

    @BeforeAll
    void open() {
        engine = Engine.open("cpu");
    }

    @AfterAll
    void close() {
        engine.close();
    }

    static List<Path> folders() throws IOException {
        try (Stream<Path> folders = Files.list(Path.of(System.getProperty("safelight.root"), "models"))) {
            return folders.filter(folder -> Files.exists(folder.resolve("model.json")))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("folders")
    void loadsAndDraws(Path folder) throws InterruptedException {
        Bundle bundle = BundleReader.read(folder);
        Model model = engine.load(bundle);
        Manifest manifest = bundle.manifest();
        assertThat(manifest.name()).isEqualTo(folder.getFileName().toString());
        assertThat(manifest.golden())
                .as("golden tensors, which loading compares")
                .isNotNull();

        List<String> classes = manifest.conditioning().classes();
        GenerationInput input = new GenerationInput(
                classes == null ? null : classes.getFirst(),
                manifest.defaults().sampler(),
                Math.min(MOST_STEPS, manifest.defaults().steps()),
                manifest.defaults().guidance(),
                1,
                2,
                manifest.defaults().spacing(),
                false,
                said(manifest));
        Ticket ticket = new Ticket(new JobKey(JobKey.DEFAULT_TENANT, JobIds.next()), Priority.NORMAL, 0, false);
        Outcome outcome = new Generation(model, input).run(ticket, Progress.Listener.NONE);

        assertThat(outcome).isInstanceOf(Outcome.Pictures.class);
        assertThat(((Outcome.Pictures) outcome).pictures())
                .hasSize(2)
                .allSatisfy(picture -> assertThat(spread(picture.pixels())).isGreaterThan(100));
    }

    /** The first value of each factor, or a prompt. */
    private static Map<String, Object> said(Manifest manifest) {
        List<Manifest.Factor> factors = manifest.conditioning().factors();
        if (manifest.conditioning().text() != null) {
            return Map.of("prompt", "a red apple");
        }
        return factors == null
                ? Map.of()
                : Map.of(
                        "factors",
                        factors.stream()
                                .collect(Collectors.toMap(
                                        Manifest.Factor::name,
                                        factor -> factor.values().getFirst())));
    }

    /** Between the darkest and the brightest number. */
    private static int spread(byte[] pixels) {
        int darkest = 255;
        int brightest = 0;
        for (byte pixel : pixels) {
            darkest = Math.min(darkest, Byte.toUnsignedInt(pixel));
            brightest = Math.max(brightest, Byte.toUnsignedInt(pixel));
        }
        return brightest - darkest;
    }
}
