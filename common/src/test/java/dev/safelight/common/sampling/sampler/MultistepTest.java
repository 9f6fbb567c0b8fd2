package dev.safelight.common.sampling.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Estimate;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Settings;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MultistepTest {
    private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000, 1e-4, 0.02);
    private static final float[] NOISE = new GaussianNoise(2).unit(0, 0, 8);
    private static final float[] CLEAN = new GaussianNoise(3).unit(0, 0, 8);

    /** Adams and Bashforth's weights on an even grid. */
    @Test
    void lmsHasTheKnownWeightsWhereStepsAreEven() {
        double[] nodes = {3, 4, 5, 6};
        double[] weights = {55.0 / 24, -59.0 / 24, 37.0 / 24, -9.0 / 24};
        for (int k = 0; k < 4; k++) {
            assertThat(Lms.integral(nodes, k, 3, 2)).isCloseTo(-weights[k], within(1e-12));
        }
    }

    @Test
    void linearSystemsAreSolved() {
        double[] solution = UniPc.solved(new double[] {-1.7, -0.6, 1}, new double[] {0.4, 0.3, 0.2}, 3);
        for (int k = 0; k < 3; k++) {
            double sum = 0;
            double[] ratios = {-1.7, -0.6, 1};
            for (int j = 0; j < 3; j++) {
                sum += Math.pow(ratios[j], k) * solution[j];
            }
            assertThat(sum).isCloseTo(new double[] {0.4, 0.3, 0.2}[k], within(1e-12));
        }
    }

    /** Where the estimates never change, every solver of the ODE goes straight to D. */
    @ParameterizedTest
    @ValueSource(strings = {"ddim", "euler", "heun", "lms", "plms", "dpmpp-2m", "dpmpp-3m", "unipc"})
    void constantEstimatesAreIntegratedExactly(String name) {
        Denoiser constant = (_, _) -> new Estimate(CLEAN, NOISE);
        Method method = Methods.find(name).orElseThrow();
        Setting setting = Settings.of(SCHEDULE, Spacing.LEADING, 13);
        Plan plan = method.plan(setting);
        Level first = plan.level(0);
        float[] start = Latents.combined(first.signal(), CLEAN, first.noise(), NOISE);

        float[] end = walk(method.sampler(setting), plan, start, constant);

        assertThat(largest(end, CLEAN)).isLessThan(2e-4);
    }

    private static <S extends Record> float[] walk(Sampler<S> sampler, Plan plan, float[] start, Denoiser denoiser) {
        return sampler.walk(sampler.begin(Start.at(start), plan), plan, new GaussianNoise(1), denoiser, _ -> {});
    }

    /** What each says it costs. */
    @ParameterizedTest
    @CsvSource({
        "ddpm, 10",
        "ddim, 10",
        "euler, 10",
        "euler-a, 10",
        "heun, 19",
        "lms, 10",
        "plms, 11",
        "dpmpp-2m, 10",
        "dpmpp-2m-sde, 10",
        "dpmpp-3m, 10",
        "unipc, 10"
    })
    void asksTheNetworkAsOftenAsItSays(String name, int evaluations) {
        AtomicInteger asked = new AtomicInteger();
        Denoiser counting = (x, _) -> {
            asked.incrementAndGet();
            return new Estimate(x, NOISE);
        };
        Method method = Methods.find(name).orElseThrow();
        Setting setting = Settings.of(SCHEDULE, Spacing.TRAILING, 10);
        walk(method.sampler(setting), method.plan(setting), NOISE, counting);

        assertThat(asked).hasValue(evaluations);
    }

    private static double largest(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .max()
                .orElseThrow();
    }
}
