package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Settings;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.guidance.Guidance;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.noise.NormalLaw;
import dev.safelight.common.sampling.sampler.Methods;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Group;
import dev.safelight.worker.batch.Networks;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.batch.Walk;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The samplers on every schedule and spacing, as the registry makes and lays them out, against data whose exact score is
 * known. Walks begin with exact samples of their first level, so that what is missed was missed on the way.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ScheduleOracleTest {
    private static final Mixture DATA = Mixture.TWO_PEAKS;
    private static final int SAMPLES = 5_000;
    private static final double FLOOR = DATA.floor(SAMPLES);

    private enum Schedule {
        LINEAR(NoiseSchedule.linear(1000, 1e-4, 0.02)),
        SCALED_LINEAR(NoiseSchedule.scaledLinear(1000, 0.00085, 0.012)),
        SQUARED_COSINE(NoiseSchedule.squaredCosine(1000));

        private final NoiseSchedule process;

        Schedule(NoiseSchedule process) {
            this.process = process;
        }

        private Schedule next() {
            return values()[(ordinal() + 1) % values().length];
        }
    }

    /** A method with its options, and steps enough for its order. */
    private record Way(String method, Map<String, Object> options, int steps) {
        private Setting setting(NoiseSchedule process, Spacing spacing) {
            return Settings.of(process, spacing, steps, options);
        }
    }

    private static final List<Way> WAYS = List.of(
            new Way("ddpm", Map.of(), 250),
            new Way("ddim", Map.of(), 200),
            new Way("ddim", Map.of("eta", 1.0), 250),
            new Way("euler", Map.of(), 200),
            new Way("dpmpp-2m", Map.of(), 50),
            new Way("dpmpp-3m", Map.of(), 60),
            new Way("unipc", Map.of(), 40));

    private Batcher batcher;

    @BeforeAll
    void open() {
        batcher = new Batcher("schedules");
    }

    @AfterAll
    void close() {
        batcher.close();
    }

    private static Stream<Arguments> everyWay() {
        return Arrays.stream(Schedule.values())
                .flatMap(schedule -> Arrays.stream(Spacing.values())
                        .flatMap(spacing -> WAYS.stream().map(way -> Arguments.of(schedule, spacing, way))));
    }

    @ParameterizedTest
    @MethodSource("everyWay")
    void everySamplerReachesTheDataOnEveryScheduleAndSpacing(Schedule schedule, Spacing spacing, Way way) {
        assertThat(distance(schedule, schedule, spacing, way)).isLessThan(3 * FLOOR);
        if (spacing == Spacing.TRAILING) {
            // The control: the plan of one schedule, and a network that was trained on another.
            assertThat(distance(schedule, schedule.next(), spacing, way)).isGreaterThan(3 * FLOOR);
        }
    }

    private double distance(Schedule planned, Schedule trained, Spacing spacing, Way way) {
        Method method = Methods.find(way.method()).orElseThrow();
        Setting setting = way.setting(planned.process, spacing);
        Plan plan = method.plan(setting);
        Function<Row, float[]> network = DATA.network(Prediction.V, trained.process::level);
        Rig rig = new Rig(batcher, new Networks.RowWise(8, network), Prediction.V);
        return DATA.distance(rig.sample(method.sampler(setting), plan, exact(plan.level(0)), new GaussianNoise(1)));
    }

    /** Independent samples of the data's law at the first level. */
    private static Start exact(Level level) {
        float[] draws = new GaussianNoise(5).unit(Noise.START, 0, SAMPLES);
        float[] x = new float[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            x[i] = (float) DATA.at(NormalLaw.cumulative(draws[i]), level);
        }
        return Start.at(x);
    }

    // Guidance. Where the data of both branches are normal with the same deviation s, the guided score is that of a
    // normal
    // law too: w·∇log N(m_c, s²) + (1 − w)·∇log N(m_u, s²) = ∇log N(m_u + w (m_c − m_u), s²), at every level.

    private static final double CONDITIONAL = 0.5;
    private static final double UNCONDITIONAL = -0.2;
    private static final double DEVIATION = 0.4;

    @Test
    void guidanceMovesTheMeanAsTheClosedFormSays() {
        for (double weight : new double[] {0, 1, 2.5, 4}) {
            for (Way way : WAYS) {
                float[] samples = guided(weight, way);
                double expected = UNCONDITIONAL + weight * (CONDITIONAL - UNCONDITIONAL);
                assertThat(mean(samples)).as("%s, weight %s", way, weight).isBetween(expected - 0.03, expected + 0.03);
                assertThat(deviation(samples)).as("%s, weight %s", way, weight).isBetween(0.37, 0.43);
            }
        }
        // The control: the branches the wrong way round.
        double wrong = mean(guided(1 - 2.5, WAYS.getFirst()));
        assertThat(wrong).isLessThan(UNCONDITIONAL - 0.5);
    }

    private float[] guided(double weight, Way way) {
        Method method = Methods.find(way.method()).orElseThrow();
        NoiseSchedule process = Schedule.SQUARED_COSINE.process;
        Setting setting = way.setting(process, Spacing.TRAILING);
        Plan plan = method.plan(setting);
        Function<Row, float[]> conditional =
                Mixture.normal(CONDITIONAL, DEVIATION).network(Prediction.EPSILON, process::level);
        Function<Row, float[]> unconditional =
                Mixture.normal(UNCONDITIONAL, DEVIATION).network(Prediction.EPSILON, process::level);
        Networks.RowWise network = new Networks.RowWise(
                8,
                row -> (row.conditioning() instanceof Conditioning.ClassIndex(int index) && index == 0
                                ? conditional
                                : unconditional)
                        .apply(row));
        Noise noise = new GaussianNoise(11);
        Ticket ticket = new Ticket(new JobKey("default", UUID.randomUUID()), Priority.NORMAL, 0, false);
        try (Walk walk = batcher.join(ticket, new Group(network, List.of(1), "class"), false, 1)
                .getFirst()) {
            NetworkDenoiser denoiser = new NetworkDenoiser(
                    walk,
                    Guidance.classifierFree(weight),
                    List.of(new Conditioning.ClassIndex(0), new Conditioning.ClassIndex(1)),
                    Prediction.EPSILON);
            float[] samples = walked(method.sampler(setting), plan, noise, denoiser);
            // Both branches share a call; a branch whose weight is 0 is not asked.
            assertThat(network.calls()).containsOnly(weight == 0 || weight == 1 ? 1 : 2);
            return samples;
        }
    }

    private static <S extends Record> float[] walked(
            dev.safelight.common.sampling.Sampler<S> sampler, Plan plan, Noise noise, NetworkDenoiser denoiser) {
        return sampler.walk(sampler.begin(Start.noise(noise, SAMPLES), plan), plan, noise, denoiser, _ -> {});
    }

    private static double mean(float[] samples) {
        return IntStream.range(0, samples.length)
                .mapToDouble(i -> samples[i])
                .average()
                .orElseThrow();
    }

    private static double deviation(float[] samples) {
        double mean = mean(samples);
        return Math.sqrt(IntStream.range(0, samples.length)
                .mapToDouble(i -> Math.pow(samples[i] - mean, 2))
                .average()
                .orElseThrow());
    }
}
