package dev.safelight.api.http;

import dev.safelight.api.auth.RateLimiter;
import java.util.LinkedHashMap;
import java.util.Map;

/** {@code RateLimit} and {@code RateLimit-Policy} as draft-ietf-httpapi-ratelimit-headers-10 writes them. */
public final class RateHeaders {
    static final String LIMIT = "RateLimit";
    static final String POLICY = "RateLimit-Policy";

    private RateHeaders() {}

    /** Of the requests of a tenant: how many at a time, and how many are left. */
    static Map<String, String> of(RateLimiter.Standing standing) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put(
                POLICY,
                "\"requests\";q=" + standing.rate().burst() + ";w="
                        + standing.rate().window());
        headers.put(LIMIT, "\"requests\";r=" + standing.remaining() + ";t=" + standing.full());
        return headers;
    }

    static Reply exceeded(RateLimiter.Standing standing) {
        return new Problem(
                        429,
                        "rate_limited",
                        "more than " + standing.rate().perSecond() + " requests a second; come back in "
                                + standing.next() + " s")
                .reply()
                .with("Retry-After", Long.toString(standing.next()));
    }

    /** Of the jobs that a tenant may have waiting. Nobody can say when one of them starts. */
    public static Reply queueFull(int most, Problem problem) {
        return problem.reply()
                .with("Retry-After", "5")
                .with(POLICY, "\"queued\";q=" + most + ";qu=\"jobs\"")
                .with(LIMIT, "\"queued\";r=0");
    }
}
