package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.sampling.Degradation;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Offer;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.sampler.Methods;
import dev.safelight.common.sampling.schedule.ColdProcess;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Networks;
import dev.safelight.worker.batch.Row;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Where degrading is linear in t, algorithm 2 of cold diffusion forgives any restoration (Bansal et al. 2022, §3.3). */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ColdWalkTest {
    private static final int SIZE = 64;
    private static final int STEPS = 50;
    private static final float[] IMAGE = new GaussianNoise(5).unit(0, 0, SIZE);
    private static final float[] DIRECTION = new GaussianNoise(6).unit(0, 0, SIZE);

    private Batcher batcher;

    @BeforeAll
    void open() {
        batcher = new Batcher("cold");
    }

    @AfterAll
    void close() {
        batcher.close();
    }

    /** D(x, t) = x + (t/T)ᵖ e. */
    private record Slide(double power) implements Degradation {
        @Override
        public int steps() {
            return STEPS;
        }

        @Override
        public float[] apply(float[] x, int t, float[] frozen) {
            return Latents.combined(1, x, Math.pow((double) t / STEPS, power), DIRECTION);
        }
    }

    /** Restores to something that has nothing to do with the image, and something else each time. */
    private static float[] random(Row row) {
        return new GaussianNoise(7).unit(0, (int) row.time(), SIZE);
    }

    @Test
    void algorithmTwoIsExactWhateverIsRestoredAndAlgorithmOneIsNot() {
        assertThat(error(2, new Slide(1), ColdWalkTest::random)).isLessThan(5e-6);
        assertThat(error(1, new Slide(1), ColdWalkTest::random)).isGreaterThan(0.5);
    }

    /** As long as e is the same for every restoration the way to t matters not; where the image changes e, it does. */
    @Test
    void whereDegradingIsNotLinearAlgorithmTwoIsNotExactEither() {
        assertThat(error(2, new Slide(2), ColdWalkTest::random)).isLessThan(5e-6);
        Degradation shrinking = new Degradation() {
            @Override
            public int steps() {
                return STEPS;
            }

            @Override
            public float[] apply(float[] x, int t, float[] frozen) {
                return Latents.scaled(1 - 0.9 * t / STEPS, x);
            }
        };
        assertThat(error(2, shrinking, ColdWalkTest::random)).isGreaterThan(0.5);
        assertThat(error(2, shrinking, _ -> IMAGE)).isLessThan(5e-6);
        assertThat(error(1, shrinking, _ -> IMAGE)).isLessThan(5e-6);
    }

    private double error(int algorithm, Degradation degradation, Function<Row, float[]> restorer) {
        Offer offer = Offer.of(new ColdProcess(degradation), Prediction.X0).with("cold-start", 1, 1, 0.3, 0.1);
        Setting setting = new Setting(offer, 25, Spacing.TRAILING, new Values(Map.of("algorithm", algorithm)));
        Method cold = Methods.find("cold").orElseThrow();
        Plan plan = cold.plan(setting);
        Noise noise = new GaussianNoise(1);
        float[] end = new Rig(batcher, new Networks.RowWise(8, restorer), Prediction.X0)
                .sample(cold.sampler(setting), plan, Start.at(degradation.apply(IMAGE, STEPS, null)), noise);
        return IntStream.range(0, SIZE)
                .mapToDouble(i -> Math.abs(end[i] - IMAGE[i]))
                .max()
                .orElseThrow();
    }
}
