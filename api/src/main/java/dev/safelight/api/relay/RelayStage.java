package dev.safelight.api.relay;

/**
 * Points of a release at which a process can die with a different remainder. The relay tells its composition when it
 * passes one; production ignores it, tests die there.
 */
public enum RelayStage {
    /** Jobs wait and a worker lives; nothing has been written. */
    BEFORE_RELEASE,
    /** The rows say released and no record has gone to Kafka. */
    BEFORE_PUBLISH
}
