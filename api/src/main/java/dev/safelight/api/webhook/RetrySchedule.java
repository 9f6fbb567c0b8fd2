package dev.safelight.api.webhook;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/** When to try again. */
final class RetrySchedule {
    /** Each wait is stretched or shortened by up to this part, so that what failed together does not return together. */
    private static final double JITTER = 0.2;

    private final List<Duration> delays;
    private final DoubleSupplier random;

    /**
     * @param delays wait before each attempt, beginning with the first
     * @param random uniform in [0, 1)
     */
    RetrySchedule(List<Duration> delays, DoubleSupplier random) {
        this.delays = delays;
        this.random = random;
    }

    /**
     * @param failures attempts that failed, this last one included
     * @param asked what the receiver asked for; it can only make the wait longer
     * @return empty when that was the last one
     */
    Optional<Duration> next(int failures, Optional<Duration> asked) {
        if (failures >= delays.size()) {
            return Optional.empty();
        }
        double stretch = 1 + JITTER * (2 * random.getAsDouble() - 1);
        Duration wait = Duration.ofMillis((long) (delays.get(failures).toMillis() * stretch));
        return Optional.of(asked.filter(longer -> longer.compareTo(wait) > 0).orElse(wait));
    }
}
