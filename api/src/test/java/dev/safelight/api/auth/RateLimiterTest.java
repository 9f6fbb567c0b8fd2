package dev.safelight.api.auth;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Time is ticked. */
class RateLimiterTest {
    private static final RequestRate RATE = new RequestRate(2, 5);

    private final AtomicLong nanos = new AtomicLong();
    private final RateLimiter limiter = new RateLimiter(nanos::get);

    @Test
    void aBurstIsTakenAtOnceAndThenAsFastAsTheBucketFills() {
        for (int left = 4; left >= 0; left--) {
            RateLimiter.Standing standing = limiter.take("a", RATE);
            assertThat(standing.taken()).isTrue();
            assertThat(standing.remaining()).isEqualTo(left);
        }
        RateLimiter.Standing empty = limiter.take("a", RATE);
        assertThat(empty.taken()).isFalse();
        assertThat(empty.next()).isEqualTo(1);
        assertThat(empty.full()).as("five at two a second").isEqualTo(3);
        nanos.addAndGet(Duration.ofMillis(499).toNanos());
        assertThat(limiter.take("a", RATE).taken()).isFalse();
        nanos.addAndGet(Duration.ofMillis(1).toNanos());
        assertThat(limiter.take("a", RATE).taken()).isTrue();
        assertThat(limiter.take("a", RATE).taken()).isFalse();
    }

    @Test
    void aBucketHoldsNoMoreThanItsBurst() {
        limiter.take("a", RATE);
        nanos.addAndGet(Duration.ofDays(1).toNanos());
        assertThat(limiter.take("a", RATE).remaining()).isEqualTo(4);
    }

    @Test
    void tenantsDoNotShareABucket() {
        for (int i = 0; i < 5; i++) {
            limiter.take("a", RATE);
        }
        assertThat(limiter.take("a", RATE).taken()).isFalse();
        assertThat(limiter.take("b", RATE).taken()).isTrue();
    }

    @Test
    void aChangedRateHoldsAtOnce() {
        limiter.take("a", RATE);
        assertThat(limiter.take("a", new RequestRate(1, 1)).remaining()).isZero();
        assertThat(limiter.take("a", new RequestRate(1, 1)).taken()).isFalse();
        nanos.addAndGet(Duration.ofMillis(20).toNanos());
        assertThat(limiter.take("a", new RequestRate(100, 50)).taken()).isTrue();
    }

    @Test
    void withoutABurstItIsThatOfTwoSeconds() {
        assertThat(RequestRate.of(10, null)).isEqualTo(new RequestRate(10, 20));
        assertThat(RequestRate.of(0.1, null)).isEqualTo(new RequestRate(0.1, 1));
        assertThat(RequestRate.of(10, 3).window()).isEqualTo(1);
        assertThat(RequestRate.of(0.1, 2).window()).isEqualTo(20);
    }
}
