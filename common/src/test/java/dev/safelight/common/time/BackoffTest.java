package dev.safelight.common.time;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BackoffTest {
    @Test
    void eachPauseIsTwiceTheOneBeforeUpToTheLongest() {
        Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(1));
        assertThat(milliseconds(backoff, 6)).containsExactly(100L, 200L, 400L, 800L, 1000L, 1000L);
        backoff.reset();
        assertThat(milliseconds(backoff, 2)).containsExactly(100L, 200L);
    }

    @Test
    void aLongestBelowTheFirstChangesNothing() {
        Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofMillis(30));
        assertThat(milliseconds(backoff, 3)).containsExactly(100L, 100L, 100L);
    }

    private static List<Long> milliseconds(Backoff backoff, int count) {
        return Stream.generate(backoff::next)
                .limit(count)
                .map(Duration::toMillis)
                .toList();
    }
}
