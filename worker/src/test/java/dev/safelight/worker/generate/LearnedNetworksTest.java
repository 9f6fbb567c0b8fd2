package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Offer;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.noise.NormalLaw;
import dev.safelight.common.sampling.sampler.Ddgan;
import dev.safelight.common.sampling.sampler.Ddim;
import dev.safelight.common.sampling.sampler.DiffFlow;
import dev.safelight.common.sampling.sampler.Methods;
import dev.safelight.common.sampling.schedule.LearnedProcess;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import dev.safelight.common.sampling.schedule.VpDiffusion;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Group;
import dev.safelight.worker.batch.Networks;
import dev.safelight.worker.batch.Row;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Methods whose networks are more than a denoiser: generators, drifts, classifiers, consistency functions. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LearnedNetworksTest {
    private static final Mixture DATA = Mixture.TWO_PEAKS;
    private static final int SAMPLES = 8_000;
    private static final double FLOOR = DATA.floor(SAMPLES);

    private Batcher batcher;

    @BeforeAll
    void open() {
        batcher = new Batcher("learned");
    }

    @AfterAll
    void close() {
        batcher.close();
    }

    // Denoising diffusion GANs.

    private float[] ddgan(int steps, Noise noise, Function<Level, Function<Row, float[]>> generator) {
        NoiseSchedule schedule = NoiseSchedule.diffusionGan(steps, 0.1, 20);
        Rig rig = new Rig(
                batcher,
                new Networks.RowWise(
                        8, row -> generator.apply(schedule.level(row.time())).apply(row)),
                Prediction.X0);
        Offer offer = new Offer(schedule, Prediction.X0, Set.of("denoiser"), Map.of(), Set.of(), SAMPLES);
        Setting setting = new Setting(offer, steps, Spacing.TRAILING, Values.NONE);
        assertThat(Methods.find("ddgan").orElseThrow().sampler(setting)).isEqualTo(new Ddgan(SAMPLES));
        return rig.sample("ddgan", setting, noise, SAMPLES);
    }

    /** Draws from p(x0 | x) with the randomness that the row brings. */
    private static Function<Row, float[]> posterior(Level level) {
        return row -> {
            float[] z = row.more().get("z");
            float[] clean = new float[z.length];
            for (int i = 0; i < clean.length; i++) {
                clean[i] = (float) DATA.posterior(row.latent()[i], level, NormalLaw.cumulative(z[i]));
            }
            return clean;
        };
    }

    private static Function<Row, float[]> mean(Level level) {
        return row -> {
            float[] clean = new float[row.latent().length];
            for (int i = 0; i < clean.length; i++) {
                clean[i] = (float) DATA.clean(row.latent()[i], level);
            }
            return clean;
        };
    }

    @Test
    void aGeneratorThatDrawsFromThePosteriorReachesTheDataInAFewSteps() {
        Noise noise = new GaussianNoise(1);
        Noise frozen = (stream, step, size) -> noise.unit(stream, stream == Noise.GENERATOR ? 0 : step, size);
        double four = DATA.distance(ddgan(4, noise, LearnedNetworksTest::posterior));
        double two = DATA.distance(ddgan(2, noise, LearnedNetworksTest::posterior));
        double middle = DATA.distance(ddgan(4, noise, LearnedNetworksTest::mean));
        double same = DATA.distance(ddgan(4, frozen, LearnedNetworksTest::posterior));
        assertThat(four).isLessThan(3 * FLOOR);
        assertThat(two).isLessThan(3 * FLOOR);
        assertThat(middle).isGreaterThan(0.2);
        assertThat(same).isGreaterThan(3 * FLOOR);
    }

    // Diffusion normalizing flows: the drift and score of the VP process, as if they had been learned.

    private float[] diffFlow(int steps, double driftError) {
        VpDiffusion vp = VpDiffusion.published();
        double[] times = IntStream.rangeClosed(0, steps)
                .mapToDouble(i -> 1e-3 + 0.999 * Math.pow((double) i / steps, 1.5))
                .toArray();
        double[] diffusion = IntStream.of(IntStream.rangeClosed(0, steps).toArray())
                .mapToDouble(i -> Math.sqrt(vp.beta(times[i])))
                .toArray();
        LearnedProcess process = new LearnedProcess(times, diffusion);
        Networks.RowWise score = new Networks.RowWise(8, DATA.network(Prediction.SCORE, vp::level));
        Networks.RowWise drift = new Networks.RowWise(8, row -> {
            float[] f = new float[row.latent().length];
            for (int i = 0; i < f.length; i++) {
                f[i] = (float) (-0.5 * vp.beta(row.time()) * row.latent()[i] * driftError);
            }
            return f;
        });
        Offer offer = new Offer(process, Prediction.SCORE, Set.of("denoiser", "drift"), Map.of(), Set.of());
        Setting setting = new Setting(offer, steps, Spacing.TRAILING, Values.NONE);
        return walk(
                Methods.find("diffflow").orElseThrow().sampler(setting),
                Methods.find("diffflow").orElseThrow().plan(setting),
                score,
                Prediction.SCORE,
                0,
                Map.of("drift", new Group(drift, List.of(1), "drift")));
    }

    @Test
    void twoNetworksGiveTheDriftAndTheScore() {
        double right = DATA.distance(diffFlow(200, 1));
        double wrong = DATA.distance(diffFlow(200, 0.6));
        assertThat(right).isLessThan(3 * FLOOR);
        assertThat(wrong).isGreaterThan(3 * FLOOR);
    }

    /** Normal data under Ornstein and Uhlenbeck's drift, where all laws are known. */
    private static final Mixture NORMAL = Mixture.normal(0.3, 0.5);

    /**
     * E ln p(x0) minus the bound of a chain of N steps, in nats: ln N(x_N) + Σ ln p(x_{i−1}|x_i) − ln q(x_i|x_{i−1}), where q is
     * x + fΔ + g_{i−1}√Δ z and p is what the sampler does with its noise left out (Zhang and Chen 2021, eq. 13).
     *
     * @param driftError factor of the drift that the sampler is told
     */
    private double gap(int steps, double driftError) {
        VpDiffusion vp = VpDiffusion.published();
        double[] times = IntStream.rangeClosed(0, steps)
                .mapToDouble(i -> 1e-3 + 0.999 * Math.pow((double) i / steps, 1.5))
                .toArray();
        double[] diffusion =
                Arrays.stream(times).map(t -> Math.sqrt(vp.beta(t))).toArray();
        LearnedProcess process = new LearnedProcess(times, diffusion);
        DiffFlow sampler = new DiffFlow(process);
        Offer offer = new Offer(process, Prediction.SCORE, Set.of("denoiser", "drift"), Map.of(), Set.of());
        Plan plan =
                Methods.find("diffflow").orElseThrow().plan(new Setting(offer, steps, Spacing.TRAILING, Values.NONE));
        Networks.RowWise score = new Networks.RowWise(8, NORMAL.network(Prediction.SCORE, vp::level));
        Networks.RowWise drift =
                new Networks.RowWise(8, row -> Latents.scaled(-0.5 * vp.beta(row.time()) * driftError, row.latent()));
        float[] data = new float[SAMPLES];
        float[] draws = new GaussianNoise(4).unit(0, 0, SAMPLES);
        for (int k = 0; k < SAMPLES; k++) {
            data[k] = 0.3f + 0.5f * draws[k];
        }
        return new Rig(batcher, score, Prediction.SCORE)
                .asked(0, Map.of("drift", new Group(drift, List.of(1), "drift")), Map.of(), denoiser -> {
                    double bound = 0;
                    float[] x = data;
                    for (int i = 1; i <= steps; i++) {
                        double width = times[i] - times[i - 1];
                        float[] next = Latents.combined(
                                1 - 0.5 * vp.beta(times[i - 1]) * width,
                                x,
                                diffusion[i - 1] * Math.sqrt(width),
                                new GaussianNoise(5).unit(0, i, SAMPLES));
                        float[] back = sampler.step(
                                        new DiffFlow.State(steps - i, next, null),
                                        plan,
                                        (_, _, size) -> new float[size],
                                        denoiser)
                                .x();
                        for (int k = 0; k < SAMPLES; k++) {
                            double forth = x[k] * (1 - 0.5 * vp.beta(times[i - 1]) * width);
                            bound += logNormal(x[k] - back[k], diffusion[i] * Math.sqrt(width))
                                    - logNormal(next[k] - forth, diffusion[i - 1] * Math.sqrt(width));
                        }
                        x = next;
                    }
                    double known = 0;
                    for (int k = 0; k < SAMPLES; k++) {
                        bound += logNormal(x[k], 1);
                        known += logNormal(data[k] - 0.3, 0.5);
                    }
                    return (known - bound) / SAMPLES;
                });
    }

    private static double logNormal(double x, double deviation) {
        return -0.5 * Math.pow(x / deviation, 2) - Math.log(deviation * Math.sqrt(2 * Math.PI));
    }

    /** As 1/N: with four times the steps about a quarter is left. */
    @Test
    void theBoundOfAFlowsChainClosesAsStepsGrow() {
        double few = gap(25, 1);
        double many = gap(100, 1);
        assertThat(many).isPositive().isLessThan(few / 2.5).isGreaterThan(few / 6);
        assertThat(gap(100, 0.2)).isGreaterThan(3 * many);
    }

    // Classifier guidance.

    @Test
    void theGradientOfABayesClassifierLeadsToItsClass() {
        NoiseSchedule schedule = NoiseSchedule.linear(1000, 1e-4, 0.02);
        Networks.RowWise whole = new Networks.RowWise(8, DATA.network(Prediction.EPSILON, schedule::level));
        Mixture wanted = Mixture.normal(DATA.mean()[1], DATA.deviation()[1]);
        Networks.RowWise guide = new Networks.RowWise(8, row -> {
            Level level = schedule.level(row.time());
            float[] gradient = new float[row.latent().length];
            for (int i = 0; i < gradient.length; i++) {
                double x = row.latent()[i];
                // ∇ln p(k|x) = ∇ln p(x|k) − ∇ln p(x), and a score is (aD − x)/s².
                gradient[i] = (float) (level.signal()
                        * (wanted.clean(x, level) - DATA.clean(x, level))
                        / (level.noise() * level.noise()));
            }
            return gradient;
        });
        Setting setting = new Setting(Offer.of(schedule, Prediction.EPSILON), 100, Spacing.TRAILING, Values.NONE);
        Plan plan = Methods.find("ddim").orElseThrow().plan(setting);
        Map<String, Group> others = Map.of("guide", new Group(guide, List.of(1), "guide"));

        float[] guided = walk(new Ddim(1), plan, whole, Prediction.EPSILON, 1, others);
        float[] unguided = walk(new Ddim(1), plan, whole, Prediction.EPSILON, 0, others);
        float[] conditional = walk(
                new Ddim(1),
                plan,
                new Networks.RowWise(8, wanted.network(Prediction.EPSILON, schedule::level)),
                Prediction.EPSILON,
                0,
                Map.of());

        assertThat(largest(guided, conditional)).isLessThan(5e-3);
        assertThat(largest(unguided, conditional)).isGreaterThan(1);
    }

    // Consistency models.

    @Test
    void aConsistencyFunctionJumpsToTheEndOfTheOde() {
        NoiseSchedule schedule = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012);
        int size = 2_000;
        Networks.RowWise jump = new Networks.RowWise(8, row -> {
            Level level = schedule.level(row.time());
            float[] end = new float[row.latent().length];
            for (int i = 0; i < end.length; i++) {
                end[i] = (float) DATA.flow(row.latent()[i], level, Level.CLEAN);
            }
            return end;
        });
        Offer offer = new Offer(schedule, Prediction.X0, Set.of("denoiser"), Map.of(), Set.of("distilled"));
        double floor = DATA.floor(size);
        for (int steps : new int[] {1, 4}) {
            Setting setting = new Setting(offer, steps, Spacing.TRAILING, Values.NONE);
            double right = DATA.distance(
                    new Rig(batcher, jump, Prediction.X0).sample("lcm", setting, new GaussianNoise(1), size));
            double wrong = DATA.distance(new Rig(
                            batcher,
                            new Networks.RowWise(8, DATA.network(Prediction.X0, schedule::level)),
                            Prediction.X0)
                    .sample("lcm", setting, new GaussianNoise(1), size));
            assertThat(right).isLessThan(3 * floor);
            assertThat(wrong).isGreaterThan(6 * floor);
        }
    }

    private <S extends Record> float[] walk(
            Sampler<S> sampler,
            Plan plan,
            Networks.RowWise network,
            Prediction prediction,
            double classifier,
            Map<String, Group> others) {
        Noise noise = new GaussianNoise(1);
        return new Rig(batcher, network, prediction)
                .asked(
                        classifier,
                        others,
                        Map.of(),
                        denoiser -> sampler.walk(
                                sampler.begin(sampler.opening(noise, SAMPLES), plan), plan, noise, denoiser, _ -> {}));
    }

    private static double largest(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .max()
                .orElseThrow();
    }
}
