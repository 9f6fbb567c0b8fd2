package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.wire.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** PyTorch itself has no room for one job's evaluation: that job fails, its batch-mates and the engine go on. */
@Timeout(60)
class OutOfMemoryTest {
    private static final int JOBS = 8;
    private static final int GREEDY = 3;

    @Test
    void aJobThatDoesNotFitFailsAloneAndTheEngineGoesOn() throws Exception {
        try (Engine engine = Engine.open("cpu")) {
            Model model = engine.load(BundleReader.read(
                    Path.of(OutOfMemoryTest.class.getResource("/greedy/greedy").toURI())));
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

    private static GenerationInput input(String label, long seed) {
        return Json.read(
                "{\"class\": \"%s\", \"sampler\": \"ddim\", \"steps\": 12, \"guidance\": 1, \"seed\": %d, \"count\": 1,"
                                .formatted(label, seed)
                        + " \"eta\": 0, \"spacing\": \"trailing\", \"strict\": false}",
                GenerationInput.class);
    }
}
