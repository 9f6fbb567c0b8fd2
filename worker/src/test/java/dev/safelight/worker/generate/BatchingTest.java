package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.worker.batch.Counters;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * Unlike jobs share their network calls. On the shipped model: a call waits for a walk as long as pays beside its own
 * duration, and that of a toy network is too short to tell.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BatchingTest {
    private static final int STEPS = 40;

    private Engine engine;
    private Model model;

    @BeforeAll
    void open() {
        engine = Engine.open("cpu");
        model = engine.load(BundleReader.read(Path.of(System.getProperty("safelight.root"), "models", "fashion")));
    }

    @AfterAll
    void close() {
        engine.close();
    }

    @Test
    void eightUnlikeJobsFillACallOfEightRows() throws Exception {
        Counters work = work(unlike(1));

        assertThat(work.rows()).isEqualTo(8 * STEPS);
        assertThat(work.rowsPerCall()).isBetween(7.0, 8.0);
    }

    @Test
    void withGuidanceBothBranchesShareTheCall() throws Exception {
        Counters work = work(unlike(2));

        assertThat(work.rows()).isEqualTo(16 * STEPS);
        assertThat(work.rowsPerCall()).isBetween(14.0, 16.0);
    }

    @Test
    void oneJobOfEightImagesIsABatch() throws Exception {
        Counters work = work(List.of(Jobs.images(8, input("sneaker", "ddim", 1, 1, 0, "trailing"))));

        assertThat(work.rowsPerCall()).isBetween(7.0, 8.0);
    }

    /** The control: strict jobs share nothing. */
    @Test
    void strictJobsRunInCallsOfTheirOwn() throws Exception {
        Counters work = work(unlike(1).stream().limit(3).map(Jobs::strict).toList());

        assertThat(work.rowsPerCall()).isEqualTo(1);
    }

    /** Equal only in their number of steps, so that none is left alone at the end. */
    private static List<GenerationInput> unlike(double guidance) {
        return List.of(
                input("sneaker", "ddpm", guidance, 1, 0, "trailing"),
                input("sneaker", "ddim", guidance, 2, 0, "trailing"),
                input("sneaker", "euler", guidance, 3, 0, "trailing"),
                input("sneaker", "dpmpp-2m", guidance, 4, 0, "trailing"),
                input("coat", "ddim", guidance, 5, 0.5, "leading"),
                input("bag", "euler", guidance, 6, 0, "linspace"),
                input("dress", "dpmpp-2m", guidance, 7, 0, "linspace"),
                input("trouser", "ddpm", guidance, 8, 0, "leading"));
    }

    private static GenerationInput input(
            String label, String sampler, double guidance, long seed, double eta, String spacing) {
        return new GenerationInput(label, sampler, STEPS, guidance, seed, 1, eta, spacing, false);
    }

    private Counters work(List<GenerationInput> inputs) throws Exception {
        Counters before = engine.counters();
        assertThat(Jobs.together(model, inputs))
                .allSatisfy(outcome -> assertThat(outcome).isInstanceOf(Outcome.Pictures.class));
        return engine.counters().since(before);
    }
}
