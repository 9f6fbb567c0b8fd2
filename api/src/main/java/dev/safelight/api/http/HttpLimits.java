package dev.safelight.api.http;

import dev.safelight.common.config.Settings;
import java.time.Duration;

/**
 * What a client may take of this process. The deadlines are absolute: a byte now and then buys no time.
 *
 * @param body most bytes of a JSON body
 * @param upload most bytes of a body that is not JSON
 * @param head most bytes of a request's header fields
 * @param connections most connections at a time; further ones are closed as they come
 * @param headDeadline from a connection's, or a further request's, first byte to the end of the head
 * @param bodyDeadline from the end of the head to the end of the body
 * @param uploadDeadline the same for a body that is not JSON
 */
public record HttpLimits(
        int body,
        int upload,
        int head,
        int connections,
        Duration headDeadline,
        Duration bodyDeadline,
        Duration uploadDeadline) {
    public static HttpLimits read(Settings settings) {
        return new HttpLimits(
                settings.integer(
                        "SAFELIGHT_HTTP_BODY_LIMIT", 262_144, 1_024, 67_108_864, "most bytes of a request's JSON body"),
                settings.integer(
                        "SAFELIGHT_FILE_LIMIT", 16_777_216, 1_024, 268_435_456, "most bytes of an uploaded image"),
                settings.integer(
                        "SAFELIGHT_HTTP_HEADER_LIMIT", 16_384, 1_024, 1_048_576, "most bytes of a request's headers"),
                settings.integer(
                        "SAFELIGHT_HTTP_CONNECTIONS",
                        10_000,
                        1,
                        1_000_000,
                        "most connections at a time; more are closed at once"),
                settings.duration(
                        "SAFELIGHT_HTTP_HEAD_DEADLINE", "8s", "a request's head that is not whole by then is cut off"),
                settings.duration(
                        "SAFELIGHT_HTTP_BODY_DEADLINE",
                        "8s",
                        "a request's body that is not whole so long after its head is cut off"),
                settings.duration(
                        "SAFELIGHT_FILE_DEADLINE",
                        "60s",
                        "an upload that is not whole so long after its head is cut off"));
    }
}
