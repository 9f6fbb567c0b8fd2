package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.batch.EvaluationStopped.DeviceFailed;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** PyTorch itself has no room for one job's evaluation: that job fails, its batch-mates and the engine go on. */
@Timeout(60)
class OutOfMemoryTest {
    private static final int JOBS = 8;
    private static final int GREEDY = 3;

    @Test
    void aJobThatDoesNotFitFailsAloneAndTheEngineGoesOn() throws Exception {
        try (Engine engine = Engine.open("cpu")) {
            Model model = engine.load(BundleReader.read(folder()));
            List<GenerationInput> inputs = IntStream.range(0, JOBS)
                    .mapToObj(job -> input(job == GREEDY ? "greedy" : "modest", job))
                    .toList();

            List<Outcome> outcomes = Jobs.together(model, inputs);

            for (int job = 0; job < JOBS; job++) {
                if (job == GREEDY) {
                    assertThat(outcomes.get(job)).isInstanceOfSatisfying(Outcome.Failed.class, failed -> {
                        assertThat(failed.error().code()).isEqualTo("out_of_memory");
                        assertThat(failed.error().message()).contains("allocate");
                    });
                } else {
                    assertThat(outcomes.get(job)).as("job %s", job).isInstanceOf(Outcome.Pictures.class);
                }
            }
            assertThat(Jobs.run(model, input("modest", 99))).isInstanceOf(Outcome.Pictures.class);
        }
    }

    /** The golden tensors are of the class that asks for too much. */
    @Test
    void aBundleIsNotBadBecauseThereIsNoRoomForIt(@TempDir Path folder) throws Exception {
        for (String file : List.of("model.json", "denoiser.pt")) {
            Files.copy(folder().resolve(file), folder.resolve(file));
        }
        ObjectNode manifest =
                (ObjectNode) Json.MAPPER.readTree(folder.resolve("model.json").toFile());
        manifest.putObject("golden").put("file", "golden.json");
        Files.writeString(folder.resolve("model.json"), manifest.toString());
        String zeros = "0" + ",0".repeat(15);
        Files.writeString(folder.resolve("golden.json"), """
                {"tolerance": 1, "networks": {"denoiser": {
                  "inputs": {"x": {"type": "float32", "shape": [1, 1, 4, 4], "values": [%s]},
                             "t": {"type": "float32", "shape": [1], "values": [0]},
                             "class": {"type": "int64", "shape": [1], "values": [1]}},
                  "outputs": {"epsilon": {"type": "float32", "shape": [1, 1, 4, 4], "values": [%s]}}}}}
                """.formatted(zeros, zeros));
        try (Engine engine = Engine.open("cpu")) {
            assertThatThrownBy(() -> engine.load(BundleReader.read(folder)))
                    .isInstanceOfSatisfying(
                            DeviceFailed.class,
                            failed -> assertThat(failed.outOfMemory()).isTrue());
        }
    }

    private static Path folder() throws URISyntaxException {
        return Path.of(OutOfMemoryTest.class.getResource("/greedy/greedy").toURI());
    }

    private static GenerationInput input(String label, long seed) {
        return Json.read(
                "{\"class\": \"%s\", \"sampler\": \"ddim\", \"steps\": 12, \"guidance\": 1, \"seed\": %d, \"count\": 1,"
                                .formatted(label, seed)
                        + " \"eta\": 0, \"spacing\": \"trailing\", \"strict\": false}",
                GenerationInput.class);
    }
}
