package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.sampler.DpmPlusPlus;
import dev.safelight.common.sampling.sampler.Euler;
import dev.safelight.common.sampling.sampler.Heun;
import dev.safelight.common.sampling.sampler.Lms;
import dev.safelight.common.sampling.sampler.Plms;
import dev.safelight.common.sampling.sampler.UniPc;
import dev.safelight.worker.batch.Batcher;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The solvers converge with the order that their papers promise, on the exact score through the real engine. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SolverOrderTest {
    private Batcher batcher;
    private Convergence convergence;

    @BeforeAll
    void open() {
        batcher = new Batcher("order");
        convergence = new Convergence(batcher);
    }

    @AfterAll
    void close() {
        batcher.close();
    }

    /** Each bracket leaves out the orders beside it, so that each solver is the other's control. */
    static Stream<Arguments> solvers() {
        return Stream.of(
                Arguments.of("Euler", new Euler(), 0.9, 1.2),
                Arguments.of("Heun", new Heun(), 1.8, 2.2),
                Arguments.of("2M", DpmPlusPlus.secondOrder(), 1.8, 2.2),
                Arguments.of("UniPC-1: the corrector gives one more", new UniPc(1), 1.8, 2.3),
                Arguments.of("UniPC-2: the corrector gives one more", new UniPc(2), 2.4, 3.2),
                Arguments.of("3M", new DpmPlusPlus(3, false, 2), 2.7, 3.3),
                Arguments.of("3M with the published factor", new DpmPlusPlus(3, false, 1), 2.0, 2.45),
                Arguments.of("LMS", new Lms(), 3.0, 4.0));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("solvers")
    void convergesWithItsOrder(String name, Sampler<?> solver, double least, double most) {
        assertThat(convergence.slopes(solver, 40))
                .allSatisfy(slope -> assertThat(slope).isBetween(least, most));
    }

    /** The order of PLMS depends on the grid; that it is far ahead of DDIM does not. */
    @Test
    void plmsIsFarAheadOfFirstOrder() {
        assertThat(convergence.error(new Plms(), 80)).isLessThan(0.1 * convergence.error(new Euler(), 80));
    }

    @Test
    void theCorrectedFactorIsAheadOfThePublishedOne() {
        assertThat(convergence.error(new DpmPlusPlus(3, false, 2), 160))
                .isLessThan(0.5 * convergence.error(new DpmPlusPlus(3, false, 1), 160));
    }
}
