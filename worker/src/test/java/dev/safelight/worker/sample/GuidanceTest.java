package dev.safelight.worker.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.worker.sample.Guidance.Branch;
import java.util.List;
import org.junit.jupiter.api.Test;

class GuidanceTest {
    private static final float[] CONDITIONAL = {0.1f, -2f, 3f};
    private static final float[] NULL = {0.3f, 1f, -5f};

    @Test
    void aWeightOfOneOrZeroNeedsOneBranchAndIsThatBranchBitForBit() {
        assertThat(new Guidance(1).branches()).containsExactly(Branch.CONDITIONAL);
        assertThat(new Guidance(0).branches()).containsExactly(Branch.NULL);
        assertThat(new Guidance(1).combine(List.of(CONDITIONAL))).isSameAs(CONDITIONAL);
        assertThat(new Guidance(0).combine(List.of(NULL))).isSameAs(NULL);
    }

    @Test
    void otherWeightsExtrapolateFromTheNullBranch() {
        assertThat(new Guidance(2).branches()).containsExactly(Branch.CONDITIONAL, Branch.NULL);
        assertThat(new Guidance(2).combine(List.of(CONDITIONAL, NULL)))
                .containsExactly((float) (2.0 * 0.1f - 0.3f), -5f, 11f);
    }
}
