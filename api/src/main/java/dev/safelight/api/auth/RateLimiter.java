package dev.safelight.api.auth;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** The buckets of this process's tenants. Other processes have their own: a tenant that spreads its requests gets more. */
public final class RateLimiter {
    private static final double NANOS = 1e9;

    private final Map<String, Bucket> buckets = new HashMap<>();
    private final LongSupplier nanoTime;

    private static final class Bucket {
        double tokens;
        long filledAt;
    }

    /**
     * What a request finds.
     *
     * @param taken whether there was one left for it
     * @param remaining whole requests that are left now
     * @param full seconds until the bucket is full again
     * @param next seconds until there is one again; 0 where there is
     */
    public record Standing(RequestRate rate, boolean taken, int remaining, long full, long next) {}

    /** @param nanoTime {@link System#nanoTime()} outside tests */
    public RateLimiter(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Takes one request out of the tenant's bucket, if there is one. */
    public synchronized Standing take(String tenantId, RequestRate rate) {
        long now = nanoTime.getAsLong();
        Bucket bucket = buckets.computeIfAbsent(tenantId, ignored -> full(rate, now));
        bucket.tokens = Math.min(rate.burst(), bucket.tokens + (now - bucket.filledAt) / NANOS * rate.perSecond());
        bucket.filledAt = now;
        boolean taken = bucket.tokens >= 1;
        if (taken) {
            bucket.tokens -= 1;
        }
        return new Standing(
                rate,
                taken,
                (int) bucket.tokens,
                (long) Math.ceil((rate.burst() - bucket.tokens) / rate.perSecond()),
                bucket.tokens >= 1 ? 0 : Math.max(1, (long) Math.ceil((1 - bucket.tokens) / rate.perSecond())));
    }

    private static Bucket full(RequestRate rate, long now) {
        Bucket bucket = new Bucket();
        bucket.tokens = rate.burst();
        bucket.filledAt = now;
        return bucket;
    }
}
