package dev.safelight.api.auth;

/**
 * How many requests a tenant may send to one process: a bucket that holds some and is refilled steadily.
 *
 * @param perSecond refilled
 * @param burst held at most
 */
public record RequestRate(double perSecond, int burst) {
    /** Where nobody chose a burst: what two seconds bring. */
    public static RequestRate of(double perSecond, Integer burst) {
        return new RequestRate(perSecond, burst != null ? burst : Math.max(1, (int) Math.ceil(2 * perSecond)));
    }

    /** Seconds after which an empty bucket is full. */
    public long window() {
        return Math.max(1, (long) Math.ceil(burst / perSecond));
    }
}
