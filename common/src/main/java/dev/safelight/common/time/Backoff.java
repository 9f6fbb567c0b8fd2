package dev.safelight.common.time;

import java.time.Duration;

/** The pauses between tries of something that fails: each twice as long as the one before. For one thread. */
public final class Backoff {
    private final Duration first;
    private final Duration longest;
    private Duration next;

    /** @param longest no pause is longer than this, nor than {@code first} if that is longer still */
    public Backoff(Duration first, Duration longest) {
        this.first = first;
        this.longest = longest.compareTo(first) < 0 ? first : longest;
        this.next = first;
    }

    /** The pause after the try that just failed. */
    public Duration next() {
        Duration pause = next;
        Duration doubled = pause.multipliedBy(2);
        next = doubled.compareTo(longest) < 0 ? doubled : longest;
        return pause;
    }

    /** A try went well: the next pause is the first again. */
    public void reset() {
        next = first;
    }
}
