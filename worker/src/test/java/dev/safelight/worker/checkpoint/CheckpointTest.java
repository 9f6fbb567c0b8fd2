package dev.safelight.worker.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.worker.checkpoint.Checkpoint.Origin;
import dev.safelight.worker.checkpoint.Checkpoint.Place;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class CheckpointTest {
    private static final Checkpoint CHECKPOINT = new Checkpoint(
            new Origin("bundle", "ddim", 1, "State(step:int)", "digest"),
            List.of(
                    new Place(9, null, new float[] {1, 2}),
                    new Place(4, new byte[] {1, 2, 3}, null),
                    new Place(0, null, null)));

    @Test
    void isReadBackAsItWas() {
        assertThat(Checkpoint.read(CHECKPOINT.bytes()))
                .usingRecursiveComparison()
                .isEqualTo(CHECKPOINT);
    }

    @Test
    void knowsTheSlowestImageAndGrowsWithEachStep() {
        assertThat(CHECKPOINT.step()).isZero();
        assertThat(CHECKPOINT.advance()).isEqualTo(14);
    }

    /** Whatever byte is wrong or missing, it is noticed. */
    @Test
    void isNotReadWhenAnyByteIsAnother() {
        byte[] whole = CHECKPOINT.bytes();
        for (int i = 0; i < whole.length; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= 0x10;
            assertThatThrownBy(() -> Checkpoint.read(damaged)).isInstanceOf(UnreadableCheckpoint.class);
            byte[] cut = Arrays.copyOf(whole, i);
            assertThatThrownBy(() -> Checkpoint.read(cut)).isInstanceOf(UnreadableCheckpoint.class);
        }
    }
}
