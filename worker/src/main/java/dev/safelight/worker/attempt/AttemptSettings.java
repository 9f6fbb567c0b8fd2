package dev.safelight.worker.attempt;

import java.time.Duration;

/**
 * How patient an attempt is.
 *
 * @param storePatience the object store may be away for so long before the job goes back to the queue
 * @param retryDelay wait before a job that went back with a strike is released again; doubles with each strike
 * @param bundleDelay the same for a job whose bundle version this worker does not have or cannot load
 */
public record AttemptSettings(Duration storePatience, Duration retryDelay, Duration bundleDelay) {}
