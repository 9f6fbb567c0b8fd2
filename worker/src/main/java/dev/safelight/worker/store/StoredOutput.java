package dev.safelight.worker.store;

/**
 * An image that lies in the object store and is not visible yet.
 *
 * @param ordinal 0-based index of the image in its job
 * @param sha256 digest of the bytes, lower-case hex
 */
public record StoredOutput(
        int ordinal, String key, String contentType, int width, int height, long bytes, String sha256, long seed) {}
