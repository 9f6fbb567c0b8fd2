package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Offer;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.schedule.NetworkTime;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import dev.safelight.common.sampling.schedule.RectifiedFlow;
import dev.safelight.common.sampling.schedule.SigmaLadder;
import dev.safelight.common.sampling.schedule.SubVpDiffusion;
import dev.safelight.common.sampling.schedule.VeDiffusion;
import dev.safelight.common.sampling.schedule.VpDiffusion;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Networks;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What comes out of each sampler on each kind of process follows the law of the data. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LawTest {
    private static final Mixture DATA = Mixture.TWO_PEAKS;
    private static final int SAMPLES = Boolean.getBoolean("safelight.long") ? 30_000 : 10_000;
    private static final double FLOOR = DATA.floor(SAMPLES);

    private static final NoiseSchedule LINEAR = NoiseSchedule.linear(1000, 1e-4, 0.02);
    private static final VpDiffusion VP = VpDiffusion.published();
    private static final SubVpDiffusion SUB_VP = new SubVpDiffusion(0.1, 20, 1e-3, NetworkTime.OWN);
    private static final VeDiffusion VE = new VeDiffusion(0.01, 50, 1e-5, NetworkTime.OWN);
    private static final RectifiedFlow FLOW = new RectifiedFlow(1000, 1, NetworkTime.OWN);

    private Batcher batcher;

    @BeforeAll
    void open() {
        batcher = new Batcher("law");
    }

    @AfterAll
    void close() {
        batcher.close();
    }

    private double distance(String method, Process process, int steps, Map<String, Object> options, Noise noise) {
        return DATA.distance(sample(method, process, process::level, steps, options, noise));
    }

    private double distance(String method, Process process, int steps, Map<String, Object> options) {
        return distance(method, process, steps, options, new GaussianNoise(1));
    }

    private float[] sample(
            String method,
            Process process,
            DoubleFunction<Level> told,
            int steps,
            Map<String, Object> options,
            Noise noise) {
        Prediction prediction = process.kind() == Process.Kind.FLOW ? Prediction.FLOW : Prediction.EPSILON;
        Rig rig = new Rig(batcher, new Networks.RowWise(8, DATA.network(prediction, told)), prediction);
        Offer offer = Offer.of(process, prediction);
        return rig.sample(method, new Setting(offer, steps, Spacing.TRAILING, new Values(options)), noise, SAMPLES);
    }

    static Stream<Arguments> enough() {
        return Stream.of(
                Arguments.of("euler-a", LINEAR, 250, Map.of()),
                Arguments.of("heun", LINEAR, 40, Map.of()),
                Arguments.of("lms", LINEAR, 30, Map.of()),
                Arguments.of("plms", LINEAR, 30, Map.of()),
                Arguments.of("dpmpp-2m-sde", LINEAR, 60, Map.of()),
                Arguments.of("dpmpp-3m", LINEAR, 40, Map.of()),
                Arguments.of("unipc", LINEAR, 40, Map.of()),
                Arguments.of("unipc", LINEAR, 40, Map.of("order", 3)),
                Arguments.of("heun", LINEAR, 40, Map.of("sigmas", "karras")),
                Arguments.of("lms", LINEAR, 40, Map.of("sigmas", "exponential")),
                Arguments.of("unipc", LINEAR, 25, Map.of("sigmas", "karras")),
                Arguments.of("dpmpp-2m", LINEAR, 25, Map.of("sigmas", "exponential")),
                Arguments.of("sde-em", VP, 200, Map.of()),
                Arguments.of("sde-reverse-diffusion", VP, 200, Map.of()),
                Arguments.of("sde-pc", VP, 150, Map.of()),
                Arguments.of("ancestral", VP, 200, Map.of()),
                Arguments.of("pf-ode", VP, 60, Map.of()),
                Arguments.of("pf-ode", VP, 10, Map.of("solver", "rk45")),
                Arguments.of("ddim", VP, 200, Map.of()),
                Arguments.of("sde-em", SUB_VP, 200, Map.of()),
                Arguments.of("sde-pc", SUB_VP, 150, Map.of()),
                Arguments.of("pf-ode", SUB_VP, 10, Map.of("solver", "rk45")),
                Arguments.of("unipc", SUB_VP, 60, Map.of()),
                Arguments.of("sde-em", VE, 250, Map.of()),
                Arguments.of("sde-reverse-diffusion", VE, 250, Map.of()),
                Arguments.of("sde-pc", VE, 150, Map.of()),
                Arguments.of("ancestral", VE, 200, Map.of()),
                Arguments.of("pf-ode", VE, 10, Map.of("solver", "rk45")),
                Arguments.of("heun", VE, 60, Map.of()),
                Arguments.of("flow-euler", FLOW, 120, Map.of()),
                Arguments.of("flow-euler", FLOW, 120, Map.of("shift", 2.0)),
                Arguments.of("heun", FLOW, 50, Map.of()),
                Arguments.of("pf-ode", FLOW, 50, Map.of()));
    }

    @ParameterizedTest(name = "{0} {2} {3}")
    @MethodSource("enough")
    void reachesTheData(String method, Process process, int steps, Map<String, Object> options) {
        assertThat(distance(method, process, steps, options)).isLessThan(3 * FLOOR);
    }

    // Controls: the same checks must refuse what is wrong in one place.

    static Stream<Arguments> stochastic() {
        return Stream.of(
                Arguments.of("euler-a", LINEAR, 250),
                Arguments.of("dpmpp-2m-sde", LINEAR, 60),
                Arguments.of("sde-em", VP, 200),
                Arguments.of("sde-reverse-diffusion", VE, 250),
                Arguments.of("ancestral", VP, 200));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("stochastic")
    void noiseThatNeverChangesIsNoticed(String method, Process process, int steps) {
        Noise right = new GaussianNoise(1);
        Noise frozen = (stream, _, size) -> right.unit(stream, 0, size);
        assertThat(distance(method, process, steps, Map.of(), frozen)).isGreaterThan(3 * FLOOR);
    }

    static Stream<Arguments> deterministic() {
        return Stream.of(
                Arguments.of("heun", LINEAR, 40),
                Arguments.of("unipc", LINEAR, 40),
                Arguments.of("pf-ode", VP, 60),
                Arguments.of("pf-ode", SUB_VP, 60),
                Arguments.of("flow-euler", FLOW, 120));
    }

    /** A network that is told the wrong time believes in another level. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("deterministic")
    void aNetworkThatIsToldTheWrongTimeIsNoticed(String method, Process process, int steps) {
        float[] samples =
                sample(method, process, time -> process.level(0.8 * time), steps, Map.of(), new GaussianNoise(1));
        assertThat(DATA.distance(samples)).isGreaterThan(3 * FLOOR);
    }

    /** The sub-VP process has s = 1 − a²; a network that believes √(1 − a²) leads elsewhere (Song et al. 2021, eq. 29). */
    @Test
    void subVpIsNotVp() {
        float[] samples = sample("sde-em", SUB_VP, VP::level, 200, Map.of(), new GaussianNoise(1));
        assertThat(DATA.distance(samples)).isGreaterThan(3 * FLOOR);
    }

    // What the papers say of each other.

    /** At equal noise levels a corrector brings the samples closer (Song et al. 2021, table 1). */
    @Test
    void aCorrectorLowersTheDistance() {
        VeDiffusion process = new VeDiffusion(0.01, 5, 1e-5, NetworkTime.OWN);
        for (int steps : new int[] {10, 20}) {
            double predictor = distance("sde-reverse-diffusion", process, steps, Map.of());
            double one = distance("sde-pc", process, steps, Map.of());
            double five = distance("sde-pc", process, steps, Map.of("corrector_steps", 5, "snr", 0.5));
            assertThat(one).isLessThan(predictor);
            assertThat(five).isLessThan(0.5 * one);
            // The control: updates that all push the same way correct nothing.
            assertThat(distance(
                            "sde-pc",
                            process,
                            steps,
                            Map.of("corrector_steps", 5, "snr", 0.5),
                            pushing(new GaussianNoise(1))))
                    .isGreaterThan(0.5 * one);
        }
    }

    private static Noise pushing(Noise right) {
        return (stream, step, size) -> right.unit(stream, stream == Noise.CORRECTOR ? 0 : step, size);
    }

    /** Step sizes and levels of NCSNv2 are enough or too few (Song and Ermon 2020). */
    @Test
    void langevinDynamicsNeedManyLevels() {
        SigmaLadder fine = SigmaLadder.geometric(40, 0.01, 5, NetworkTime.OWN);
        SigmaLadder coarse = SigmaLadder.geometric(10, 0.01, 5, NetworkTime.OWN);
        assertThat(distance("annealed-langevin", fine, 40, Map.of("langevin_updates", 20, "langevin_size", 0.3)))
                .isLessThan(3 * FLOOR);
        assertThat(distance("annealed-langevin", coarse, 10, Map.of("langevin_updates", 5, "langevin_size", 0.3)))
                .isGreaterThan(6 * FLOOR);
    }

    /** NCSN starts from pictures in [0, 1] that are uniform noise, and no other sampler does. */
    @Test
    void langevinDynamicsStartFromUniformNoise() {
        float[] uniform = opening("annealed-langevin");
        float[] normal = opening("sde-reverse-diffusion");
        assertThat(IntStream.range(0, SAMPLES).allMatch(i -> uniform[i] > 0 && uniform[i] <= 1))
                .isTrue();
        assertThat(moment(uniform, 1)).isBetween(0.49, 0.51);
        assertThat(moment(uniform, 2)).isBetween(1 / 3.0 - 0.01, 1 / 3.0 + 0.01);
        assertThat(moment(normal, 1)).isBetween(-0.1, 0.1);
    }

    private float[] opening(String method) {
        Process process = method.equals("annealed-langevin") ? SigmaLadder.geometric(40, 0.01, 5, NetworkTime.OWN) : VE;
        Setting setting = new Setting(Offer.of(process, Prediction.SCORE), 40, Spacing.TRAILING, new Values(Map.of()));
        return new Rig(batcher, Networks.echo(8), Prediction.SCORE)
                .opening(method, setting, new GaussianNoise(1), SAMPLES);
    }

    /** The limit of DDIM's small steps is the probability-flow ODE. */
    @Test
    void theProbabilityFlowIsTheLimitOfDdim() {
        float[] limit = end("pf-ode", Map.of("solver", "rk45", "tolerance", 1e-6), 10);
        double coarse = difference(end("ddim", Map.of(), 100), limit);
        double fine = difference(end("ddim", Map.of(), 400), limit);
        assertThat(fine).isLessThan(0.3 * coarse).isLessThan(5e-3);
        assertThat(difference(end("pf-ode", Map.of(), 100), limit)).isLessThan(0.1 * coarse);
        // The control: with fresh noise in each step there is no such limit.
        assertThat(difference(end("ddim", Map.of("eta", 0.3), 400), limit)).isGreaterThan(coarse);
    }

    private float[] end(String method, Map<String, Object> options, int steps) {
        return sample(method, VP, VP::level, steps, options, new GaussianNoise(1));
    }

    private static double difference(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .average()
                .orElseThrow();
    }

    /** A flow's Euler step is DDIM's (both go along E − D). */
    @Test
    void eulerOnAFlowIsDdim() {
        float[] euler = sample("flow-euler", FLOW, FLOW::level, 25, Map.of(), new GaussianNoise(1));
        float[] ddim = sample("ddim", FLOW, FLOW::level, 25, Map.of(), new GaussianNoise(1));
        float[] other = sample("heun", FLOW, FLOW::level, 25, Map.of(), new GaussianNoise(1));
        assertThat(difference(euler, ddim)).isLessThan(1e-5);
        assertThat(difference(euler, other)).isGreaterThan(1e-3);
    }

    // Noise of other laws: data that are one point, where the posterior mean is that point whatever the noise.

    /** Gamma noise at a level has skewness 2/√k̄ with k̄ = (σ̂/θ₀)², and a walk to a middle level keeps it. */
    @Test
    void aWalkInGammaNoiseIsAtEachLevelAsSkewAsItsLaw() {
        double theta = 0.1;
        Offer offer = Offer.of(LINEAR, Prediction.X0).with("gamma-noise", theta);
        Networks.RowWise point = new Networks.RowWise(8, row -> {
            float[] clean = new float[row.latent().length];
            Arrays.fill(clean, 0.3f);
            return clean;
        });
        Setting setting = new Setting(offer, 1, Spacing.TRAILING, new Values(Map.of("timesteps", List.of(100))));
        float[] start = new Rig(batcher, point, Prediction.X0).opening("gamma", setting, new GaussianNoise(1), 40_000);

        double k = Math.pow(LINEAR.level(100).sigma() / theta, 2);
        assertThat(moment(start, 3)).isBetween(2 / Math.sqrt(k) - 0.1, 2 / Math.sqrt(k) + 0.1);
        assertThat(moment(start, 2)).isBetween(0.95, 1.05);
        assertThat(Math.abs(moment(new GaussianNoise(1).unit(Noise.START, 0, 40_000), 3)))
                .isLessThan(1 / Math.sqrt(k));
        assertThat(new Rig(batcher, point, Prediction.X0).sample("gamma", setting, new GaussianNoise(1), 10))
                .containsOnly(0.3f);
    }

    private static double moment(float[] values, int power) {
        return IntStream.range(0, values.length)
                .mapToDouble(i -> Math.pow(values[i], power))
                .average()
                .orElseThrow();
    }
}
