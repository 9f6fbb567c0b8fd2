package dev.safelight.worker.attempt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long SECOND = 1_000_000_000;
    private final Pace pace = new Pace();

    @Test
    void nothingIsKnownBeforeTheFirstStepIsOver() {
        assertThat(pace.secondsLeft(10)).isNull();
        pace.reached(0, SECOND);
        assertThat(pace.secondsLeft(10)).isNull();
    }

    @Test
    void anEvenPaceIsKept() {
        for (int step = 0; step <= 4; step++) {
            pace.reached(step, SECOND + step * SECOND / 2);
        }
        assertThat(pace.secondsLeft(10)).isEqualTo(3);
        assertThat(pace.secondsLeft(4)).isZero();
    }

    @Test
    void whatWasDoneBeforeARestartDoesNotCount() {
        pace.reached(30, SECOND);
        pace.reached(31, 2 * SECOND);
        assertThat(pace.secondsLeft(33)).isEqualTo(2);
    }

    @Test
    void aNewPaceIsBelievedAfterSomeSteps() {
        long now = SECOND;
        for (int step = 0; step < 10; step++) {
            pace.reached(step, now += SECOND);
        }
        for (int step = 10; step < 40; step++) {
            pace.reached(step, now += 4 * SECOND);
        }
        assertThat(pace.secondsLeft(40)).isCloseTo(4, within(0.1));
    }
}
