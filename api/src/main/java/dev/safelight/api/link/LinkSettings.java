package dev.safelight.api.link;

import dev.safelight.common.config.Settings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * How URLs of outputs are signed.
 *
 * @param secrets newest first: the first signs, all verify; empty leaves it to the database
 * @param validity the least time for which a URL is good
 */
public record LinkSettings(List<byte[]> secrets, Duration validity) {
    private static final int SHORTEST_SECRET = 32;
    private static final int MOST_SECRETS = 2;
    private static final Duration LEAST_VALIDITY = Duration.ofSeconds(2);

    public static LinkSettings read(Settings settings) {
        return new LinkSettings(
                settings.secret(
                        "SAFELIGHT_URL_SECRET",
                        "what URLs of outputs are signed with, 32 characters or more, and after a comma the one before;"
                                + " empty keeps one in the database",
                        LinkSettings::secrets),
                settings.read(
                        "SAFELIGHT_URL_VALIDITY",
                        "1h",
                        "the least time for which a signed URL of an output is good",
                        LinkSettings::validity));
    }

    private static List<byte[]> secrets(String text) {
        List<byte[]> secrets = Stream.of(text.split(","))
                .map(String::strip)
                .filter(secret -> !secret.isEmpty())
                .map(secret -> secret.getBytes(StandardCharsets.UTF_8))
                .toList();
        if (secrets.size() > MOST_SECRETS || secrets.stream().anyMatch(secret -> secret.length < SHORTEST_SECRET)) {
            throw new IllegalArgumentException("must be one secret or two, each of 32 characters or more");
        }
        return secrets;
    }

    private static Duration validity(String text) {
        Duration validity = Settings.parseDuration(text);
        if (validity.compareTo(LEAST_VALIDITY) < 0) {
            throw new IllegalArgumentException("must be 2s or more");
        }
        return validity;
    }

    /** Without the secrets: configuration is logged. */
    @Override
    public String toString() {
        return "LinkSettings[secrets=" + secrets.size() + ", validity=" + validity + "]";
    }
}
