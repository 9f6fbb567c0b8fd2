package dev.safelight.common.sampling.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Estimate;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Offer;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Settings;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.noise.GaussianNoise;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A walk that is put down after any step and taken up elsewhere ends in the same bits. */
class SamplerStateTest {
    private static final int STEPS = 9;
    /** The fewest that the published process can be walked in by all of them. */
    private static final int STEPS_OF_AN_SDE = 21;

    private static final int SIZE = 16;

    static Stream<Method> methods() {
        return Methods.all().stream();
    }

    @ParameterizedTest
    @MethodSource("methods")
    void aStateHoldsAllThatIsNeededToGoOn(Method method) throws Exception {
        Setting setting = new Setting(
                Settings.offerFor(method),
                method.name().startsWith("sde-") ? STEPS_OF_AN_SDE : STEPS,
                Spacing.TRAILING,
                Values.NONE);
        check(method.sampler(setting), method, setting);
    }

    private static <S extends Record> void check(Sampler<S> sampler, Method method, Setting setting) throws Exception {
        Plan plan = method.plan(setting);
        Noise noise = new GaussianNoise(3);
        Denoiser denoiser = new Squash(setting.offer());
        List<S> states = new ArrayList<>();
        S start = sampler.begin(sampler.opening(noise, SIZE), plan);
        states.add(start);
        float[] whole = sampler.walk(start, plan, noise, denoiser, states::add);
        for (float value : whole) {
            assertThat(value).isFinite();
        }

        assertThat(sampler.position(start, plan)).isZero();
        assertThat(sampler.position(states.getLast(), plan)).isEqualTo(plan.steps());
        for (S state : states) {
            // Everything but the record's components is made anew, as it would be on another worker.
            @SuppressWarnings("unchecked")
            Sampler<S> other = (Sampler<S>) method.sampler(setting);
            @SuppressWarnings("unchecked")
            S copied = (S) copy(state);
            float[] resumed = other.walk(copied, plan, new GaussianNoise(3), denoiser, _ -> {});
            assertThat(resumed).isEqualTo(whole);
        }
    }

    /** Any nonlinear network will do; it also gives whatever else a method may ask of one. */
    private record Squash(Offer offer) implements Denoiser {
        @Override
        public Estimate estimate(float[] x, Level level) {
            float[] output = new float[x.length];
            for (int i = 0; i < x.length; i++) {
                output[i] = (float) Math.tanh(x[i] / (1 + level.noise()) + level.signal());
            }
            Estimate estimate = (level.variancePreserving() ? Prediction.V : Prediction.X0).estimate(x, output, level);
            return new Estimate(estimate.clean(), estimate.noise(), output);
        }

        @Override
        public Estimate estimate(float[] x, Level level, float[] z) {
            float[] moved = x.clone();
            for (int i = 0; i < x.length; i++) {
                moved[i] += 0.1f * z[i % z.length];
            }
            return estimate(moved, level);
        }

        @Override
        public float[] output(String role, float[] x, Level level) {
            return estimate(x, level).rest();
        }
    }

    /** Only plain data can be copied, because only plain data can be stored. */
    private static Object copy(Object value) throws Exception {
        return switch (value) {
            case null -> null;
            case Integer number -> number;
            case Long number -> number;
            case Double number -> number;
            case float[] floats -> floats.clone();
            case double[] doubles -> doubles.clone();
            case List<?> list -> {
                List<Object> copied = new ArrayList<>();
                for (Object element : list) {
                    copied.add(copy(element));
                }
                yield copied;
            }
            case Record nested -> copy(nested);
            default -> throw new AssertionError("cannot be stored: " + value.getClass());
        };
    }

    private static Record copy(Record state) throws Exception {
        RecordComponent[] components = state.getClass().getRecordComponents();
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            components[i].getAccessor().setAccessible(true);
            values[i] = copy(components[i].getAccessor().invoke(state));
        }
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        var constructor = state.getClass().getDeclaredConstructor(types);
        constructor.setAccessible(true);
        return constructor.newInstance(values);
    }
}
