package dev.safelight.api.webhook;

import java.time.Duration;
import java.util.Optional;

/** How one attempt went. */
sealed interface Outcome {
    /**
     * There was a reply.
     *
     * @param body its first 1,024 bytes, as text
     * @param retryAfter what it said in Retry-After
     */
    record Replied(int status, String body, Optional<Duration> retryAfter) implements Outcome {
        boolean accepted() {
            return status >= 200 && status < 300;
        }
    }

    /**
     * There was none, or nothing was sent at all.
     *
     * @param error what went wrong, for the tenant to read
     */
    record Unanswered(String error) implements Outcome {}

    /**
     * Nothing was sent, and that is no fault of the receiver: as if this process had died, the delivery is due again when
     * its lease ends, and its schedule does not move on.
     *
     * @param reason a stable word, a colon, and a sentence for the log
     */
    record Postponed(String reason) implements Outcome {}
}
