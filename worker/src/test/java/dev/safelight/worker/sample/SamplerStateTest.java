package dev.safelight.worker.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Spacing;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A walk that is put down after any step and taken up elsewhere ends in the same bits. */
class SamplerStateTest {
    private static final Set<Class<?>> STORABLE = Set.of(int.class, long.class, double.class, float[].class);
    private static final NoiseSchedule SCHEDULE = NoiseSchedule.squaredCosine(1000);

    static Stream<Method> samplers() {
        return Stream.of(Method.values());
    }

    @ParameterizedTest
    @MethodSource("samplers")
    void aStateHoldsAllThatIsNeededToGoOn(Method method) throws Exception {
        check(Samplers.create(method, new Samplers.Options(0.7)), method);
    }

    private static <S extends Record> void check(Sampler<S> sampler, Method method) throws Exception {
        Plan plan = Plan.of(SCHEDULE, Spacing.TRAILING, method.grid(), 9);
        List<S> states = new ArrayList<>();
        S start = sampler.begin(Start.noise(new GaussianNoise(3), 16), plan);
        states.add(start);
        float[] whole = sampler.walk(start, plan, new GaussianNoise(3), SamplerStateTest::squash, states::add);

        assertThat(states).hasSize(10);
        for (S state : states) {
            // Everything but the record's components is made anew, as it would be on another worker.
            @SuppressWarnings("unchecked")
            Sampler<S> other = (Sampler<S>) Samplers.create(method, new Samplers.Options(0.7));
            float[] resumed = other.walk(copy(state), plan, new GaussianNoise(3), SamplerStateTest::squash, _ -> {});
            assertThat(resumed).isEqualTo(whole);
        }
    }

    /** Any nonlinear denoiser will do. */
    private static Estimate squash(float[] x, Level level) {
        float[] output = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            output[i] = (float) Math.tanh(x[i] + level.time() / 1000);
        }
        return Prediction.V.estimate(x, output, level);
    }

    private static <S extends Record> S copy(S state) throws Exception {
        RecordComponent[] components = state.getClass().getRecordComponents();
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            assertThat(components[i].getType()).isIn(STORABLE);
            Object value = components[i].getAccessor().invoke(state);
            values[i] = value instanceof float[] floats ? floats.clone() : value;
        }
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        @SuppressWarnings("unchecked")
        S copied = (S) state.getClass().getDeclaredConstructor(types).newInstance(values);
        return copied;
    }
}
