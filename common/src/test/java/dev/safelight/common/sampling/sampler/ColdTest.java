package dev.safelight.common.sampling.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.sampling.Degradation;
import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Estimate;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Offer;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.schedule.ColdProcess;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ColdTest {
    private static final int SIZE = 12;
    private static final float[] IMAGE = new GaussianNoise(5).unit(0, 0, SIZE);
    private static final float[] DIRECTION = new GaussianNoise(6).unit(0, 0, SIZE);

    /** D(x, t) = x + t e: what algorithm 2 is made for (Bansal et al. 2022, §3.3). */
    private record Slide(int steps) implements Degradation {
        @Override
        public float[] apply(float[] x, int t, float[] frozen) {
            return Latents.combined(1, x, t, DIRECTION);
        }
    }

    /** Restores to something that has nothing to do with the image, and something else each time. */
    private static Estimate random(float[] x, dev.safelight.common.sampling.Level level) {
        return new Estimate(new GaussianNoise(7).unit(0, (int) level.time(), x.length), x);
    }

    @Test
    void algorithmTwoForgivesARandomRestorationAndAlgorithmOneDoesNot() {
        // The last restoration is all that algorithm 1 has; algorithm 2 has kept what was missed.
        assertThat(error(2, ColdTest::random)).isLessThan(1e-4);
        assertThat(error(1, ColdTest::random)).isGreaterThan(0.5);
    }

    @Test
    void aPerfectRestorationIsEnoughForBoth() {
        Denoiser perfect = (x, level) -> new Estimate(IMAGE, x);
        assertThat(error(1, perfect)).isLessThan(1e-6);
        assertThat(error(2, perfect)).isLessThan(1e-4);
    }

    /** Any falling degrees lead to the image, and the network is told those. */
    @Test
    void walksOverTheDegreesThatItIsTold() {
        List<Double> told = new ArrayList<>();
        Values values = new Values(Map.of("timesteps", List.of(49, 20, 3)));
        Setting setting = setting(new Slide(50), 2, 3);
        double error = error(new Setting(setting.offer(), 3, Spacing.TRAILING, values), (x, level) -> {
            told.add(level.time());
            return random(x, level);
        });
        assertThat(error).isLessThan(1e-4);
        assertThat(told).containsExactly(49.0, 20.0, 3.0);
    }

    private static double error(int algorithm, Denoiser denoiser) {
        return error(setting(new Slide(50), algorithm, 25), denoiser);
    }

    /** Of a walk from the last degree to the image. */
    private static double error(Setting setting, Denoiser denoiser) {
        Degradation slide = new Slide(50);
        Cold cold = (Cold) Methods.find("cold").orElseThrow().sampler(setting);
        Plan plan = Methods.find("cold").orElseThrow().plan(setting);
        Noise noise = new GaussianNoise(1);
        float[] end =
                cold.walk(cold.begin(Start.at(slide.apply(IMAGE, 50, null)), plan), plan, noise, denoiser, _ -> {});
        return IntStream.range(0, SIZE)
                .mapToDouble(i -> Math.abs(end[i] - IMAGE[i]))
                .max()
                .orElseThrow();
    }

    private static Setting setting(Degradation degradation, int algorithm, int steps) {
        Offer offer = Offer.of(new ColdProcess(degradation), Prediction.X0).with("cold-start", 1, 1, 0.3, 0.1);
        return new Setting(offer, steps, Spacing.TRAILING, new Values(Map.of("algorithm", algorithm)));
    }

    @Test
    void degradesWithNumbersThatStayTheSameOverAWalk() {
        List<float[]> seen = new ArrayList<>();
        Degradation watching = new Degradation() {
            @Override
            public int steps() {
                return 10;
            }

            @Override
            public int frozenSize() {
                return 2;
            }

            @Override
            public float[] apply(float[] x, int t, float[] frozen) {
                seen.add(frozen);
                return x;
            }
        };
        Setting setting = setting(watching, 2, 5);
        Cold cold = (Cold) Methods.find("cold").orElseThrow().sampler(setting);
        Plan plan = Methods.find("cold").orElseThrow().plan(setting);
        cold.walk(cold.begin(Start.at(IMAGE), plan), plan, new GaussianNoise(1), ColdTest::random, _ -> {});

        assertThat(seen).hasSize(10).allSatisfy(frozen -> assertThat(frozen).isEqualTo(seen.getFirst()));
        assertThat(seen.getFirst()).isNotEqualTo(new GaussianNoise(2).uniform(Noise.FROZEN, 0, 2));
    }

    /** Two channels with means 5 and −5: each channel flat but for the noise that breaks the symmetry. */
    @Test
    void opensWithOneOfTheTerminalLaws() {
        Cold cold = new Cold(new Slide(5), 2, new double[] {2, 1, 5, 0.1, -5, 0.1}, 2);
        float[] start = cold.opening(new GaussianNoise(3), 200).latent(null, 1);

        for (int channel = 0; channel < 2; channel++) {
            float mean = channel == 0 ? 5 : -5;
            float first = start[channel * 100];
            for (int i = 0; i < 100; i++) {
                assertThat(start[channel * 100 + i]).isBetween(mean - 0.5f, mean + 0.5f);
                assertThat(Math.abs(start[channel * 100 + i] - first)).isLessThan(0.02f);
            }
            assertThat(start[channel * 100 + 1]).isNotEqualTo(first);
        }
    }
}
