package dev.safelight.api.validate;

import java.time.Instant;

/**
 * By when a job must have started, and how long it may run. All may be null.
 *
 * @param startBy the latest start, as a time
 * @param startWithin the latest start, in seconds after the job was accepted; then {@code startBy} is null
 * @param timeout the longest run, in seconds from the first start on
 */
public record TimeLimits(Instant startBy, Integer startWithin, Integer timeout) {
    public static final TimeLimits NONE = new TimeLimits(null, null, null);

    /** The latest start of a job that was accepted then. */
    public Instant deadline(Instant acceptedAt) {
        return startWithin == null ? startBy : acceptedAt.plusSeconds(startWithin);
    }
}
