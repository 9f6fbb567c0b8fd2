package dev.safelight.common.sampling.noise;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Values;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchNoiseTest {
    private static final long SEED = 21;

    @ParameterizedTest
    @ValueSource(ints = {3, 5, 16, 21, 784})
    void drawsTheStartAndThenOneForEachStep(int size) {
        Noise noise = new TorchNoise(SEED);
        TorchGenerator torch = new TorchGenerator(SEED);
        assertThat(noise.unit(Noise.START, 0, size)).containsExactly(torch.normal(size));
        for (int step = 0; step < 4; step++) {
            assertThat(noise.unit(Noise.STEP, step, size)).containsExactly(torch.normal(size));
        }
    }

    /** As after a restart, when steps that draw nothing lie between, or when a step is asked for twice. */
    @ParameterizedTest
    @ValueSource(ints = {3, 5, 16, 21, 784})
    void aDrawDependsOnNothingButItsPlace(int size) {
        Noise inOrder = new TorchNoise(SEED);
        float[] start = inOrder.unit(Noise.START, 0, size);
        float[][] steps = new float[6][];
        for (int step = 0; step < steps.length; step++) {
            steps[step] = inOrder.unit(Noise.STEP, step, size);
        }
        Noise anyOrder = new TorchNoise(SEED);
        for (int step : new int[] {4, 4, 5, 0, 2, 1}) {
            assertThat(anyOrder.unit(Noise.STEP, step, size))
                    .as("step %d", step)
                    .containsExactly(steps[step]);
        }
        assertThat(anyOrder.unit(Noise.START, 0, size)).containsExactly(start);
        anyOrder.unit(Noise.STEP, 3, size + 1);
        assertThat(anyOrder.unit(Noise.STEP, 3, size)).containsExactly(steps[3]);
    }

    @Test
    void whatAWalkBeginsWithIsDrawnBeforeItsSteps() {
        Noise noise = new TorchNoise(SEED, List.of(Noise.ENCODER, Noise.START, Noise.MASKED));
        TorchGenerator torch = new TorchGenerator(SEED);
        assertThat(noise.unit(Noise.ENCODER, 0, 20)).containsExactly(torch.normal(20));
        assertThat(noise.unit(Noise.START, 0, 20)).containsExactly(torch.normal(20));
        assertThat(noise.unit(Noise.MASKED, 0, 20)).containsExactly(torch.normal(20));
        assertThat(noise.unit(Noise.STEP, 0, 20)).containsExactly(torch.normal(20));
        assertThat(noise.unit(Noise.STEP, 1, 20)).containsExactly(torch.normal(20));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 7})
    void otherStreamsAreNotTorchs(int stream) {
        assertThat(new TorchNoise(SEED).unit(stream, 1, 20))
                .containsExactly(new GaussianNoise(SEED).unit(stream, 1, 20));
    }

    @ParameterizedTest
    @ValueSource(strings = {"counter", "torch"})
    void aRequestNamesItsSource(String word) {
        Noise asked = NoiseSource.of(new Values(Map.of("noise", word))).of(SEED);
        Noise expected = word.equals("torch") ? new TorchNoise(SEED) : new GaussianNoise(SEED);
        assertThat(asked.unit(Noise.START, 0, 20)).containsExactly(expected.unit(Noise.START, 0, 20));
        assertThat(NoiseSource.of(Values.NONE)).isEqualTo(NoiseSource.COUNTER);
    }
}
