package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.request.GenerationInput;
import dev.safelight.worker.batch.Counters;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Unlike jobs share their network calls. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BatchingTest {
    private static final int STEPS = 120;

    private Engine engine;
    private Model model;

    @BeforeAll
    void open() {
        engine = Engine.open("cpu");
        model = engine.load(Jobs.tiny());
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
        Counters work = work(List.of(Jobs.images(8, Jobs.input("ddim", STEPS, 1, 1))));

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
                Jobs.input("ddpm", STEPS, guidance, 1),
                Jobs.input("ddim", STEPS, guidance, 2),
                Jobs.input("euler", STEPS, guidance, 3),
                Jobs.input("dpmpp-2m", STEPS, guidance, 4),
                new GenerationInput("circle", "ddim", STEPS, guidance, 5, 1, 0.5, "leading", false),
                new GenerationInput("cross", "euler", STEPS, guidance, 6, 1, 0, "linspace", false),
                new GenerationInput("triangle", "dpmpp-2m", STEPS, guidance, 7, 1, 0, "linspace", false),
                new GenerationInput("circle", "ddpm", STEPS, guidance, 8, 1, 0, "leading", false));
    }

    private Counters work(List<GenerationInput> inputs) throws Exception {
        Counters before = engine.counters();
        assertThat(Jobs.together(model, inputs))
                .allSatisfy(outcome -> assertThat(outcome).isInstanceOf(Outcome.Pictures.class));
        return engine.counters().since(before);
    }
}
