package dev.safelight.api.tenant;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What an operator wants of a queue. */
public enum QueueState {
    OPEN,
    /** Nothing is released to the workers; submits are accepted and wait. */
    PAUSED,
    /** Submits are refused; what is queued runs. */
    DRAINING;

    @JsonValue
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static QueueState of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
