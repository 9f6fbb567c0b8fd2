package dev.safelight.common.sampling.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Settings;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A call's batch is seen in the last bits of the network's answers, and nobody may see it in a picture: not even from the
 * last index of the squared-cosine schedule, where x is noise but for a part in 20,000.
 */
class RoundingTest {
    private static final int SIZE = 256;
    private static final double DEVIATION = 0.5;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ddpm",
                "ddim",
                "ancestral",
                "euler",
                "euler-a",
                "lms",
                "dpmpp-2m",
                "dpmpp-2m-sde",
                "dpmpp-3m",
                "unipc"
            })
    void lastBitsStayLastBitsFromAlmostInfiniteNoise(String name) {
        for (int steps : new int[] {4, 8, 20}) {
            assertThat(plan(name, Spacing.TRAILING, steps).level(0).sigma()).isGreaterThan(1e4);
            assertThat(difference(name, Spacing.TRAILING, steps)).isPositive().isLessThan(1e-4);
        }
    }

    /** They weigh what the network says at the far end of a step by σ̂/2σ̂', whatever the digits that are kept. */
    @ParameterizedTest
    @ValueSource(strings = {"heun", "plms"})
    void twoMethodsMagnifyThemInAFirstStepThatIsTooLong(String name) {
        assertThat(difference(name, Spacing.TRAILING, 4)).isGreaterThan(1e-4);
        for (int steps : new int[] {4, 8, 20}) {
            assertThat(difference(name, Spacing.LEADING, steps)).isPositive().isLessThan(1e-4);
        }
    }

    private static Plan plan(String name, Spacing spacing, int steps) {
        return Methods.find(name).orElseThrow().plan(setting(spacing, steps));
    }

    private static Setting setting(Spacing spacing, int steps) {
        return Settings.of(NoiseSchedule.squaredCosine(1000), spacing, steps);
    }

    /** Largest difference between the pictures of two networks that differ in their last bits. */
    private static double difference(String name, Spacing spacing, int steps) {
        Method method = Methods.find(name).orElseThrow();
        Plan plan = plan(name, spacing, steps);
        float[] one = walk(method.sampler(setting(spacing, steps)), plan, network(new Random(1), 0));
        float[] other = walk(method.sampler(setting(spacing, steps)), plan, network(new Random(1), 2e-6));
        return IntStream.range(0, SIZE)
                .mapToDouble(i -> Math.abs(one[i] - other[i]))
                .max()
                .orElseThrow();
    }

    private static <S extends Record> float[] walk(Sampler<S> sampler, Plan plan, Denoiser denoiser) {
        GaussianNoise noise = new GaussianNoise(5);
        return sampler.walk(sampler.begin(Start.noise(noise, SIZE), plan), plan, noise, denoiser, _ -> {});
    }

    /** v of data that is almost normal, and wrong by a part of {@code error}. */
    private static Denoiser network(Random random, double error) {
        return (x, level) -> {
            double a = level.signal();
            double s = level.noise();
            double variance = DEVIATION * DEVIATION;
            float[] v = new float[x.length];
            for (int i = 0; i < v.length; i++) {
                double clean = a * variance * x[i] / (a * a * variance + s * s) + 0.1 * Math.sin(3 * x[i]);
                v[i] = (float) ((a * x[i] - clean) / s * (1 + error * (2 * random.nextDouble() - 1)));
            }
            return Prediction.V.estimate(x, v, level);
        };
    }
}
