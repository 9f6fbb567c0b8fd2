package dev.safelight.api.file;

import dev.safelight.common.config.Settings;
import java.time.Duration;

/**
 * How images of clients are taken and kept.
 *
 * @param pixels most pixels of one, width times height
 * @param keptFor how long, where the request does not say
 * @param perTenant most of them that a tenant has at a time
 * @param fetchTimeout longest fetch of an image that a request names by its URL
 */
public record FileSettings(int pixels, Duration keptFor, int perTenant, Duration fetchTimeout) {
    public static FileSettings read(Settings settings) {
        return new FileSettings(
                settings.integer(
                        "SAFELIGHT_FILE_PIXELS",
                        4_194_304,
                        1,
                        67_108_864,
                        "most pixels of an uploaded image; decoding takes up to thirty bytes for each"),
                settings.duration("SAFELIGHT_FILE_EXPIRY", "24h", "how long an upload is kept that does not say so"),
                settings.integer(
                        "SAFELIGHT_FILES_PER_TENANT", 1_000, 1, 1_000_000, "most uploads that a tenant has at a time"),
                settings.duration(
                        "SAFELIGHT_IMAGE_FETCH_TIMEOUT",
                        "10s",
                        "longest fetch of an image that a request names by URL"));
    }
}
