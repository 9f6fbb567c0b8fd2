package dev.safelight.common.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.common.sampling.Spacing.Grid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SpacingTest {

    @Test
    void leadingTakesMultiplesFromZero() {
        assertThat(Spacing.LEADING.times(1000, 5, Grid.WHOLE)).containsExactly(800, 600, 400, 200, 0);
        assertThat(Spacing.LEADING.times(1000, 3, Grid.WHOLE)).containsExactly(666, 333, 0);
        assertThat(Spacing.LEADING.times(1000, 1, Grid.WHOLE)).containsExactly(0);
        assertThat(Spacing.LEADING.times(1000, 5, Grid.WHOLE_WITHOUT_LOWEST)).containsExactly(830, 664, 498, 332, 166);
    }

    @Test
    void trailingCountsDownFromTheEnd() {
        assertThat(Spacing.TRAILING.times(1000, 5, Grid.WHOLE)).containsExactly(999, 799, 599, 399, 199);
        // 1000 − 1000/7 = 857.14…, 714.28…, 571.43…, 428.57…, 285.7…, 142.86…
        assertThat(Spacing.TRAILING.times(1000, 7, Grid.WHOLE)).containsExactly(999, 856, 713, 570, 428, 285, 142);
        assertThat(Spacing.TRAILING.times(1000, 1000, Grid.WHOLE))
                .startsWith(999, 998)
                .endsWith(1, 0);
    }

    @Test
    void linspaceReachesBothEnds() {
        assertThat(Spacing.LINSPACE.times(1000, 4, Grid.WHOLE)).containsExactly(999, 666, 333, 0);
        // 249.75, 499.5, 749.25 round to even halves.
        assertThat(Spacing.LINSPACE.times(1000, 5, Grid.WHOLE)).containsExactly(999, 749, 500, 250, 0);
        assertThat(Spacing.LINSPACE.times(1000, 5, Grid.FRACTIONAL)).containsExactly(999, 749.25, 499.5, 249.75, 0);
        assertThat(Spacing.LINSPACE.times(1000, 4, Grid.WHOLE_WITHOUT_LOWEST)).containsExactly(999, 749, 500, 250);
        assertThat(Spacing.LINSPACE.times(1000, 1, Grid.WHOLE)).containsExactly(0);
    }

    @ParameterizedTest
    @EnumSource
    void everyListFallsAndHasItsLength(Spacing spacing) {
        for (Grid grid : Grid.values()) {
            for (int steps = 1; steps < 1000; steps++) {
                assertThat(spacing.times(1000, steps, grid)).hasSize(steps);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "LEADING, 1001, WHOLE",
        "LEADING, 1000, WHOLE_WITHOUT_LOWEST",
        "TRAILING, 1001, WHOLE",
        "LINSPACE, 1001, WHOLE",
        "LINSPACE, 0, WHOLE",
        "TRAILING, -3, WHOLE"
    })
    void refusesAnImpossibleNumberOfSteps(Spacing spacing, int steps, Grid grid) {
        assertThatThrownBy(() -> spacing.times(1000, steps, grid))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("steps");
    }

    @Test
    void wordsNameSpacings() {
        assertThat(Spacing.find("trailing")).contains(Spacing.TRAILING);
        assertThat(Spacing.find("TRAILING")).isEmpty();
    }
}
