package dev.safelight.worker.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RecordCodecTest {

    enum Phase {
        PREDICT,
        CORRECT
    }

    sealed interface History {}

    record None() implements History {}

    record Slope(double at, float[] values) implements History {}

    /** Something of everything that a sampler may keep. */
    record Everything(
            int step,
            Integer maybe,
            long draws,
            boolean rising,
            float factor,
            double width,
            String name,
            Phase phase,
            float[] latent,
            double[] errors,
            int[] order,
            List<float[]> outputs,
            List<Slope> slopes,
            History history) {}

    private static final Everything FULL = new Everything(
            7,
            null,
            Long.MIN_VALUE,
            true,
            Float.intBitsToFloat(0x7fc00001),
            -0.0,
            "grün",
            Phase.CORRECT,
            new float[] {1.5f, Float.NEGATIVE_INFINITY, Float.MIN_VALUE},
            new double[] {Math.PI},
            new int[0],
            Arrays.asList(new float[] {1}, null, new float[] {2, 3}),
            List.of(new Slope(0.25, new float[] {4})),
            new Slope(0.5, null));

    private static final RecordCodec<Everything> CODEC = RecordCodec.of(Everything.class);

    @Test
    void whatIsReadIsWhatWasWrittenBitForBit() {
        byte[] bytes = CODEC.encode(FULL);
        Everything read = CODEC.decode(bytes);

        assertThat(read).usingRecursiveComparison().ignoringFields("factor").isEqualTo(FULL);
        assertThat(Float.floatToRawIntBits(read.factor())).isEqualTo(0x7fc00001);
        assertThat(CODEC.encode(read)).isEqualTo(bytes);
    }

    @Test
    void anythingButAPrimitiveMayBeMissing() {
        Everything bare =
                new Everything(0, 1, 0, false, 0, 0, null, null, null, null, null, null, List.of(), new None());
        assertThat(CODEC.decode(CODEC.encode(bare))).usingRecursiveComparison().isEqualTo(bare);
    }

    @Test
    void otherNamesTypesOrOrdersAreOtherLayouts() {
        record State(int step, float[] x) {}
        record Renamed(int step, float[] latent) {}
        record Retyped(int step, double[] x) {}
        record Reordered(float[] x, int step) {}
        List<String> layouts = List.of(
                RecordCodec.of(State.class).layout(),
                RecordCodec.of(Renamed.class).layout().replace("Renamed", "State"),
                RecordCodec.of(Retyped.class).layout().replace("Retyped", "State"),
                RecordCodec.of(Reordered.class).layout().replace("Reordered", "State"));
        assertThat(layouts).doesNotHaveDuplicates();
        assertThat(layouts.getFirst()).isEqualTo("State(step:int,x:float[])");
        assertThat(CODEC.layout())
                .contains("outputs:list of float[]", "history:None()|Slope(at:double,values:float[])");
    }

    /** Damaged bytes are refused or read as something: never a crash, never a hang, never more memory than they have. */
    @Test
    void damagedBytesAreHarmless() {
        byte[] whole = CODEC.encode(FULL);
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> CODEC.decode(cut)).isInstanceOf(UnreadableCheckpoint.class);
        }
        Random random = new Random(5);
        for (int trial = 0; trial < 20_000; trial++) {
            byte[] damaged = whole.clone();
            damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            try {
                CODEC.decode(damaged);
            } catch (UnreadableCheckpoint expected) {
                // as it should be
            }
        }
    }

    @Test
    void whatIsNotPlainDataIsRefusedAtOnce() {
        record Clever(Map<String, Integer> counts) {}
        record Nested(float[][] rows) {}
        assertThatThrownBy(() -> RecordCodec.of(Clever.class)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RecordCodec.of(Nested.class)).isInstanceOf(IllegalArgumentException.class);
    }
}
