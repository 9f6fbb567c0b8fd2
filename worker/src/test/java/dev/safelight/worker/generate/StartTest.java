package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Settings;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.Transition;
import dev.safelight.common.sampling.denoiser.Inpainting;
import dev.safelight.common.sampling.denoiser.MixedScore;
import dev.safelight.common.sampling.denoiser.Residual;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.noise.NormalLaw;
import dev.safelight.common.sampling.sampler.Ddim;
import dev.safelight.common.sampling.sampler.Ddpm;
import dev.safelight.common.sampling.sampler.DpmPlusPlus;
import dev.safelight.common.sampling.sampler.ProbabilityFlow;
import dev.safelight.common.sampling.schedule.Layouts;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import dev.safelight.common.sampling.schedule.VpDiffusion;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Networks;
import dev.safelight.worker.batch.Row;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Walks that begin elsewhere than in noise, and walks along another image. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StartTest {
    private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000, 1e-4, 0.02);
    private static final Mixture DATA = Mixture.TWO_PEAKS;
    private static final int SAMPLES = 8_000;
    private static final double FLOOR = DATA.floor(SAMPLES);
    private static final Noise NOISE = new GaussianNoise(1);

    private Batcher batcher;

    @BeforeAll
    void open() {
        batcher = new Batcher("start");
    }

    @AfterAll
    void close() {
        batcher.close();
    }

    private Rig rig() {
        return new Rig(
                batcher,
                new Networks.RowWise(8, DATA.network(Prediction.EPSILON, SCHEDULE::level)),
                Prediction.EPSILON);
    }

    private static Plan plan(int steps) {
        return Layouts.TRAINING.plan(Settings.of(SCHEDULE, Spacing.TRAILING, steps));
    }

    private static float[] data(double shift) {
        float[] draws = new GaussianNoise(77).unit(0, 0, SAMPLES);
        float[] data = new float[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            data[i] = (float) (DATA.at(NormalLaw.cumulative(draws[i]), Level.CLEAN) + shift);
        }
        return data;
    }

    /** ES-DDPM: a prior's image gets the noise of a level in the middle, and the walk does the rest (Lyu et al. 2022). */
    @Test
    void aTruncatedWalkFromAnExactPriorIsExactAndRepairsAWrongOneTheMoreTheLongerItIs() {
        Plan whole = plan(200);
        List<Double> repaired = new ArrayList<>();
        for (int steps : new int[] {20, 80, 140}) {
            Plan truncated = whole.last(steps);
            assertThat(truncated.steps()).isEqualTo(steps);
            double exact = DATA.distance(
                    rig().sample(new Ddpm(Ddpm.Variance.SMALL), truncated, Start.image(data(0), NOISE), NOISE));
            assertThat(exact).as("%d of 200 steps", steps).isLessThan(3.5 * FLOOR);
            repaired.add(DATA.distance(
                    rig().sample(new Ddpm(Ddpm.Variance.SMALL), truncated, Start.image(data(0.5), NOISE), NOISE)));
        }
        assertThat(repaired.get(0)).isGreaterThan(0.2);
        assertThat(repaired.get(1)).isLessThan(0.7 * repaired.get(0));
        assertThat(repaired.get(2)).isLessThan(0.3 * repaired.get(1));
    }

    /** TDPM: the generator has made the noisy latent itself. */
    @Test
    void aLatentThatLiesAtTheLevelIsTakenAsItIs() {
        Plan truncated = plan(200).last(60);
        Level level = truncated.level(0);
        float[] made = Start.image(data(0), NOISE).latent(level, 1);

        float[] right = rig().sample(new Ddim(0), truncated, Start.at(made), NOISE);
        float[] wrong = rig().sample(new Ddim(0), truncated, Start.at(data(0)), NOISE);

        assertThat(DATA.distance(right)).isLessThan(3 * FLOOR);
        assertThat(DATA.distance(wrong)).isGreaterThan(3 * FLOOR);
    }

    /** The way there and back by DDIM: the error falls with the number of steps. */
    @Test
    void inversionLeadsBackToTheImageTheBetterTheMoreSteps() {
        float[] image = Arrays.copyOf(data(0), 500);
        double coarse = roundTrip(image, 50);
        double fine = roundTrip(image, 500);
        assertThat(fine).isLessThan(coarse / 5).isLessThan(0.02);
    }

    private double roundTrip(float[] image, int steps) {
        Plan there = plan(steps).inverse();
        float[] noise = rig().sample(new Ddim(0), there, Start.at(image), NOISE);
        float[] back = rig().sample(new Ddim(0), there.inverse(), Start.at(noise), NOISE);
        return IntStream.range(0, image.length)
                .mapToDouble(i -> Math.abs(back[i] - image[i]))
                .average()
                .orElseThrow();
    }

    // Inpainting.

    @Test
    void theKnownPartComesOutAsItIsAndTheNetworkSeesItWithItsNoise() {
        float[] known = data(0);
        float[] mask = new float[SAMPLES];
        Arrays.fill(mask, 0, SAMPLES / 2, 1);
        float[] z = new GaussianNoise(9).unit(0, 0, SAMPLES);
        UnaryOperator<Denoiser> inpainting = network -> new Inpainting(
                (x, level) -> {
                    for (int i = 0; i < SAMPLES / 2; i += 500) {
                        assertThat(x[i]).isEqualTo((float) (level.signal() * known[i] + level.noise() * z[i]));
                    }
                    return network.estimate(x, level);
                },
                mask,
                known,
                level -> Latents.combined(level.signal(), known, level.noise(), z));
        Plan plan = plan(50);
        Start start = Start.noise(NOISE, SAMPLES);
        float[] end = rig().sample(DpmPlusPlus.secondOrder(), plan, start, NOISE, inpainting);

        assertThat(Arrays.copyOf(end, SAMPLES / 2)).isEqualTo(Arrays.copyOf(known, SAMPLES / 2));
        // These numbers are independent of each other, so the other half is what it would have been.
        float[] plain = rig().sample(DpmPlusPlus.secondOrder(), plan, start, NOISE);
        assertThat(Arrays.copyOf(plain, SAMPLES / 2)).isNotEqualTo(Arrays.copyOf(known, SAMPLES / 2));
        assertThat(Arrays.copyOfRange(end, SAMPLES / 2, SAMPLES))
                .isEqualTo(Arrays.copyOfRange(plain, SAMPLES / 2, SAMPLES));
    }

    // DiffuseVAE.

    /** The walk of x − x̂ is DDPM's; written out for x its mean is c₁D + c₂x + (1 − c₂)x̂ (Pandey et al. 2022). */
    @Test
    void aWalkAlongAnotherImageIsDdpmOnTheDifference() {
        int size = 200;
        float[] image = new GaussianNoise(5).unit(0, 0, size);
        // Sees x with x̂ in it, as the network of formulation 2 does.
        Function<Row, float[]> network = row -> {
            float[] noise = new float[size];
            for (int i = 0; i < size; i++) {
                noise[i] = (float) Math.sin(row.latent()[i] - 0.3 * image[i] + row.time() / 1000);
            }
            return noise;
        };
        Rig rig = new Rig(batcher, new Networks.RowWise(8, network), Prediction.EPSILON);
        Plan plan = plan(20);
        Ddpm ddpm = new Ddpm(Ddpm.Variance.SMALL);
        Start start = Start.noise(NOISE, size);
        float[] difference = rig.sample(ddpm, plan, start, NOISE, inner -> new Residual(inner, image));

        float[] x = Latents.sum(Start.noise(NOISE, size).latent(plan.level(0), 1), image);
        for (int i = 0; i < plan.steps(); i++) {
            Transition step = Transition.between(plan.level(i), plan.level(i + 1));
            float[] e = network.apply(new Row(x, (float) step.from().time(), new Conditioning.Unconditional()));
            float[] z = NOISE.unit(Noise.STEP, i, size);
            float[] next = new float[size];
            for (int k = 0; k < size; k++) {
                double d = (x[k] - image[k] - step.from().noise() * e[k])
                        / step.from().signal();
                double c2 = step.latentWeight();
                next[k] = (float) (step.cleanWeight() * d
                        + c2 * x[k]
                        + (1 - c2) * image[k]
                        + (step.to().clean() ? 0 : Math.sqrt(step.posterior()) * z[k]));
            }
            x = next;
        }
        for (int k = 0; k < size; k++) {
            assertThat((double) Math.abs(x[k] - image[k] - difference[k])).isLessThan(5e-4);
        }
        assertThat(largest(rig.sample(ddpm, plan, start, NOISE), difference)).isGreaterThan(0.1);
    }

    /** Formulation 1: a network that does not look at the picture beside it draws as if there were none. */
    @Test
    void aPictureThatIsNotLookedAtChangesNothing() {
        Map<String, float[]> beside = Map.of("condition", new GaussianNoise(5).unit(0, 0, SAMPLES));
        Function<Row, float[]> blind = DATA.network(Prediction.EPSILON, SCHEDULE::level);
        Function<Row, float[]> seeing =
                row -> Latents.combined(0.9, blind.apply(row), 0.1, row.more().getOrDefault("condition", row.latent()));

        assertThat(beside(beside, blind)).isEqualTo(beside(Map.of(), blind));
        assertThat(beside(beside, seeing)).isNotEqualTo(beside(Map.of(), seeing));
    }

    private float[] beside(Map<String, float[]> alongside, Function<Row, float[]> network) {
        Plan plan = plan(10);
        Ddpm ddpm = new Ddpm(Ddpm.Variance.SMALL);
        return new Rig(batcher, new Networks.RowWise(8, network), Prediction.EPSILON)
                .asked(
                        0,
                        Map.of(),
                        alongside,
                        denoiser -> ddpm.walk(
                                ddpm.begin(Start.noise(NOISE, SAMPLES), plan), plan, NOISE, denoiser, _ -> {}));
    }

    // LSGM.

    /** Without the network's part the score is that of unit normal data, whose ODE moves nothing. */
    @Test
    void aMixedScoreWithoutItsNetworkLeavesTheLatentWhereItIs() {
        VpDiffusion vp = VpDiffusion.published();
        ProbabilityFlow sampler = new ProbabilityFlow(vp, 0);
        Plan plan = Layouts.NODES_TO_LOWEST.plan(Settings.of(vp, Spacing.TRAILING, 50));
        float[] said = new GaussianNoise(8).unit(0, 0, 100);
        Rig rig = new Rig(batcher, new Networks.RowWise(8, _ -> said), Prediction.EPSILON);
        float[] start = NOISE.unit(0, 0, 100);

        float[] still = rig.sample(
                sampler, plan, Start.at(start), NOISE, network -> new MixedScore(network, new double[] {-100}));
        float[] moved =
                rig.sample(sampler, plan, Start.at(start), NOISE, network -> new MixedScore(network, new double[] {0}));

        assertThat(largest(still, start)).isLessThan(1e-4);
        assertThat(largest(moved, start)).isGreaterThan(0.1);
    }

    private static double largest(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .max()
                .orElseThrow();
    }
}
