package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.Settings;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.StepSampler;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.sampler.Ddim;
import dev.safelight.common.sampling.sampler.Ddpm;
import dev.safelight.common.sampling.sampler.Ddpm.Variance;
import dev.safelight.common.sampling.sampler.DpmPlusPlus;
import dev.safelight.common.sampling.sampler.Euler;
import dev.safelight.common.sampling.schedule.Layouts;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Networks;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every sampler against data whose exact score is known, over the real batcher. Each check comes with a control: a
 * sampler that is wrong in one place, which the same check must refuse.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OracleTest {
    private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000, 1e-4, 0.02);
    private static final Mixture DATA = Mixture.TWO_PEAKS;
    private static final int SAMPLES = 30_000;
    private static final double FLOOR = DATA.floor(SAMPLES);

    private Batcher batcher;
    private Convergence convergence;

    @BeforeAll
    void open() {
        batcher = new Batcher("oracle");
        convergence = new Convergence(batcher);
    }

    @AfterAll
    void close() {
        batcher.close();
    }

    // Stochastic samplers: the law of what comes out.

    @ParameterizedTest
    @EnumSource(names = {"SMALL", "LARGE"})
    void ddpmReachesTheDataWithEitherVariance(Variance variance) {
        assertThat(distance(new Ddpm(variance), 500)).isLessThan(3 * FLOOR);
    }

    @Test
    void withFewStepsTheSmallVarianceIsTooSmall() {
        double small = distance(new Ddpm(Variance.SMALL), 50);
        assertThat(small).isBetween(0.04, 0.06);
        assertThat(distance(new Ddpm(Variance.LARGE), 50)).isLessThan(small / 2);
    }

    @Test
    void controlsOfDdpmMissTheData() {
        Ddpm right = new Ddpm(Variance.SMALL);
        assertThat(distance(right, 500, wrongVariance())).isGreaterThan(3 * FLOOR);
        assertThat(distance(right, 500, frozen())).isGreaterThan(3 * FLOOR);
        assertThat(distance(new WrongTarget<>(right), 500)).isGreaterThan(3 * FLOOR);
    }

    /** With normal data a step is linear, so mean and variance after any number of steps are exactly known. */
    @ParameterizedTest
    @EnumSource(names = {"SMALL", "LARGE"})
    void ddpmFollowsTheMomentsOfItsChain(Variance variance) {
        Moments known = chain(variance, 12);

        assertThat(normal(new Ddpm(variance), new GaussianNoise(2))).satisfies(known::matches);

        Variance other = variance == Variance.SMALL ? Variance.LARGE : Variance.SMALL;
        assertThat(known.differsFrom(normal(new Ddpm(other), new GaussianNoise(2))))
                .isTrue();
        assertThat(known.differsFrom(normal(new Ddpm(variance), wrongVariance())))
                .isTrue();
        assertThat(known.differsFrom(normal(new Ddpm(variance), frozen()))).isTrue();
        assertThat(known.differsFrom(normal(new WrongTarget<>(new Ddpm(variance)), new GaussianNoise(2))))
                .isTrue();
    }

    @Test
    void ddimAtEtaOneReachesTheData() {
        assertThat(distance(new Ddim(1), 500)).isLessThan(3 * FLOOR);
        assertThat(distance(new Ddim(1), 500, frozen())).isGreaterThan(3 * FLOOR);
        assertThat(distance(new WrongTarget<>(new Ddim(1)), 500)).isGreaterThan(3 * FLOOR);
    }

    @Test
    void ddimAtEtaOneIsDdpm() {
        Plan plan = plan(50);
        float[] ddpm = sample(new Ddpm(Variance.SMALL), plan, new GaussianNoise(7));

        assertThat(largestDifference(sample(new Ddim(1), plan, new GaussianNoise(7)), ddpm))
                .isLessThan(1e-3);
        assertThat(largestDifference(sample(new Ddim(0.9), plan, new GaussianNoise(7)), ddpm))
                .isGreaterThan(0.1);
        assertThat(largestDifference(sample(new Ddim(1), plan, new GaussianNoise(8)), ddpm))
                .isGreaterThan(0.1);
    }

    @Test
    void theDeterministicSamplersReachTheData() {
        assertThat(distance(new Ddim(0), 500)).isLessThan(3 * FLOOR);
        assertThat(distance(new Euler(), 500)).isLessThan(3 * FLOOR);
        assertThat(distance(DpmPlusPlus.secondOrder(), 100)).isLessThan(3 * FLOOR);
        assertThat(distance(new WrongTarget<>(new Ddim(0)), 500)).isGreaterThan(3 * FLOOR);
        assertThat(distance(new WrongTarget<>(new Euler()), 500)).isGreaterThan(3 * FLOOR);
        assertThat(distance(new WrongTarget<>(DpmPlusPlus.secondOrder()), 100)).isGreaterThan(3 * FLOOR);
    }

    @ParameterizedTest
    @EnumSource
    void everyPredictionLeadsToTheSameSamples(Prediction prediction) {
        Plan plan = plan(20);
        float[] epsilon = sample(DpmPlusPlus.secondOrder(), plan, new GaussianNoise(1), Prediction.EPSILON);

        assertThat(largestDifference(
                        sample(DpmPlusPlus.secondOrder(), plan, new GaussianNoise(1), prediction), epsilon))
                .isLessThan(2e-3);
    }

    // Deterministic samplers: how fast the error of a single point falls.

    @Test
    void ddimIsOfFirstOrder() {
        assertThat(convergence.slopes(new Ddim(0), 40, 80))
                .allSatisfy(slope -> assertThat(slope).isBetween(0.85, 1.3));
    }

    @Test
    void eulerIsOfFirstOrder() {
        assertThat(convergence.slopes(new Euler(), 40, 80))
                .allSatisfy(slope -> assertThat(slope).isBetween(0.85, 1.3));
    }

    @Test
    void dpmPlusPlus2mIsOfSecondOrder() {
        assertThat(convergence.slopes(DpmPlusPlus.secondOrder(), 40, 80))
                .allSatisfy(slope -> assertThat(slope).isBetween(1.7, 2.2));
    }

    @Test
    void controlsConvergeSlowlyOrNotAtAll() {
        assertThat(convergence.slopes(new Forgetful(), 40, 80))
                .allSatisfy(slope -> assertThat(slope).isLessThan(1.3));
        for (Sampler<?> sampler : List.of(new Ddim(0), new Euler(), DpmPlusPlus.secondOrder())) {
            assertThat(convergence.error(new WrongTarget<>(sampler), 160))
                    .isGreaterThan(3 * convergence.error(sampler, 160));
        }
    }

    @Test
    void eulerIsDdimWhereTheirTimesAgree() {
        Plan plan = plan(25);
        Noise noise = new GaussianNoise(3);
        // Same latent for both: Euler's own first scale is left out.
        Start start = (_, _) -> noise.unit(Noise.START, 0, 1000);

        float[] euler = rig(Prediction.V).sample(new Euler(), plan, start, noise);
        float[] ddim = rig(Prediction.V).sample(new Ddim(0), plan, start, noise);

        assertThat(largestDifference(euler, ddim)).isLessThan(1e-4);
    }

    private double distance(Sampler<?> sampler, int steps) {
        return distance(sampler, steps, new GaussianNoise(1));
    }

    private double distance(Sampler<?> sampler, int steps, Noise noise) {
        return DATA.distance(sample(sampler, plan(steps), noise));
    }

    private float[] sample(Sampler<?> sampler, Plan plan, Noise noise) {
        return sample(sampler, plan, noise, Prediction.V);
    }

    private float[] sample(Sampler<?> sampler, Plan plan, Noise noise, Prediction prediction) {
        return rig(prediction).sample(sampler, plan, Start.noise(noise, SAMPLES), noise);
    }

    private Rig rig(Prediction prediction) {
        return new Rig(batcher, new Networks.RowWise(8, DATA.network(prediction, SCHEDULE::level)), prediction);
    }

    private static Plan plan(int steps) {
        return Layouts.TRAINING.plan(Settings.of(SCHEDULE, Spacing.TRAILING, steps));
    }

    private static double largestDifference(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .max()
                .orElseThrow();
    }

    // Moments of normal data.

    private static final Mixture NORMAL = Mixture.normal(0.4, 0.5);

    private record Moments(double mean, double variance) {
        static Moments of(float[] samples) {
            double mean = IntStream.range(0, samples.length)
                    .mapToDouble(i -> samples[i])
                    .average()
                    .orElseThrow();
            double variance = IntStream.range(0, samples.length)
                    .mapToDouble(i -> Math.pow(samples[i] - mean, 2))
                    .average()
                    .orElseThrow();
            return new Moments(mean, variance);
        }

        /** Within four standard errors. */
        private boolean near(Moments other) {
            double meanError = 4 * Math.sqrt(variance / SAMPLES);
            double varianceError = 4 * variance * Math.sqrt(2.0 / SAMPLES);
            return Math.abs(mean - other.mean) < meanError && Math.abs(variance - other.variance) < varianceError;
        }

        void matches(float[] samples) {
            assertThat(near(of(samples)))
                    .as("%s, expected %s", of(samples), this)
                    .isTrue();
        }

        boolean differsFrom(float[] samples) {
            return !near(of(samples));
        }
    }

    private float[] normal(Sampler<?> sampler, Noise noise) {
        Rig rig = new Rig(
                batcher,
                new Networks.RowWise(8, NORMAL.network(Prediction.EPSILON, SCHEDULE::level)),
                Prediction.EPSILON);
        return rig.sample(sampler, plan(12), Start.noise(noise, SAMPLES), noise);
    }

    /** Mean and variance of the chain, by the formulas of the posterior (Ho et al. 2020, eq. 7) written out once more. */
    private static Moments chain(Variance variance, int steps) {
        Plan plan = plan(steps);
        double mean = 0;
        double spread = 1;
        for (int i = 0; i < steps; i++) {
            double bar = Math.pow(plan.level(i).signal(), 2);
            double barNext = Math.pow(plan.level(i + 1).signal(), 2);
            double beta = 1 - bar / barNext;
            // D = slope·x + offset
            double slope = Math.sqrt(bar) * 0.25 / (bar * 0.25 + 1 - bar);
            double offset = 0.4 - slope * Math.sqrt(bar) * 0.4;
            double clean = Math.sqrt(barNext) * beta / (1 - bar);
            double latent = Math.sqrt(1 - beta) * (1 - barNext) / (1 - bar);
            double added = variance == Variance.SMALL ? beta * (1 - barNext) / (1 - bar) : beta;
            mean = (clean * slope + latent) * mean + clean * offset;
            spread = Math.pow(clean * slope + latent, 2) * spread + (barNext == 1 ? 0 : added);
        }
        return new Moments(mean, spread);
    }

    // Wrong in one place.

    private static Noise wrongVariance() {
        Noise right = new GaussianNoise(1);
        return (stream, step, size) -> {
            float[] draws = right.unit(stream, step, size);
            if (stream == Noise.STEP) {
                for (int i = 0; i < size; i++) {
                    draws[i] *= 1.1f;
                }
            }
            return draws;
        };
    }

    private static Noise frozen() {
        Noise right = new GaussianNoise(1);
        return (stream, _, size) -> right.unit(stream, 0, size);
    }

    /** DPM-Solver++(2M) without its history. */
    private record Forgetful() implements StepSampler<DpmPlusPlus.State> {
        private static final DpmPlusPlus RIGHT = DpmPlusPlus.secondOrder();

        @Override
        public DpmPlusPlus.State begin(Start start, Plan plan) {
            return RIGHT.begin(start, plan);
        }

        @Override
        public DpmPlusPlus.State step(DpmPlusPlus.State state, Plan plan, Noise noise, Denoiser denoiser) {
            Plan rest = plan.last(plan.steps() - state.step());
            DpmPlusPlus.State next =
                    RIGHT.step(new DpmPlusPlus.State(0, state.x(), List.of(), List.of()), rest, noise, denoiser);
            return new DpmPlusPlus.State(state.step() + 1, next.x(), next.cleans(), next.widths());
        }
    }
}
