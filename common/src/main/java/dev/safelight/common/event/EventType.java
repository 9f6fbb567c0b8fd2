package dev.safelight.common.event;

/** Lifecycle events: one row each in {@code job_event}, written in the transaction that makes them true. */
public enum EventType {
    STARTED,
    RETURNED,
    OUTPUT,
    SUCCEEDED,
    FAILED,
    CANCELED,
    EXPIRED;

    public String word() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
