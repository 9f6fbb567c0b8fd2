package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Settings;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.sampler.Ddpm;
import dev.safelight.common.sampling.sampler.DpmPlusPlus;
import dev.safelight.common.sampling.sampler.Euler;
import dev.safelight.common.sampling.sampler.EulerAncestral;
import dev.safelight.common.sampling.sampler.Heun;
import dev.safelight.common.sampling.sampler.Lms;
import dev.safelight.common.sampling.sampler.Methods;
import dev.safelight.common.sampling.sampler.Plms;
import dev.safelight.common.sampling.sampler.UniPc;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Networks;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

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

    static Stream<Arguments> stochastic() {
        return Stream.of(
                Arguments.of("DDPM", new Ddpm(Ddpm.Variance.SMALL), 0.8, 1.2),
                Arguments.of("Euler, ancestral", new EulerAncestral(), 0.8, 1.2),
                Arguments.of("2M-SDE", new DpmPlusPlus(2, true, 2), 1.8, 2.2));
    }

    /** The law of what comes out converges too, and the second order is again the first one's control. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("stochastic")
    void theVarianceOfAStochasticSolverConvergesWithItsOrder(
            String name, Sampler<?> solver, double least, double most) {
        assertThat(Convergence.slopes(steps -> convergence.varianceError(solver, steps), 20, 40))
                .allSatisfy(slope -> assertThat(slope).isBetween(least, most));
    }

    /** Where the network says the same noise everywhere, every solver of the ODE goes straight to where it points. */
    @ParameterizedTest
    @ValueSource(strings = {"ddim", "euler", "heun", "lms", "plms", "dpmpp-2m", "dpmpp-3m", "unipc"})
    void constantNoiseIsFollowedExactly(String name) {
        float[] clean = new GaussianNoise(3).unit(0, 0, 8);
        float[] said = new GaussianNoise(2).unit(0, 0, 8);
        Method method = Methods.find(name).orElseThrow();
        Setting setting = Settings.of(NoiseSchedule.linear(1000, 1e-4, 0.02), Spacing.LEADING, 13);
        Plan plan = method.plan(setting);
        Rig rig = new Rig(batcher, new Networks.RowWise(8, _ -> said), Prediction.EPSILON);
        Start start = Start.at(
                Latents.combined(plan.level(0).signal(), clean, plan.level(0).noise(), said));

        assertThat(largest(rig.sample(method.sampler(setting), plan, start, new GaussianNoise(1)), clean))
                .isLessThan(2e-4);
        assertThat(largest(
                        rig.sample(new WrongTarget<>(method.sampler(setting)), plan, start, new GaussianNoise(1)),
                        clean))
                .isGreaterThan(0.05);
    }

    private static double largest(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .max()
                .orElseThrow();
    }
}
