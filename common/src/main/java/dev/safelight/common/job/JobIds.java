package dev.safelight.common.job;

import java.security.SecureRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes job ids: UUID version 7 (RFC 9562), milliseconds first, so that ids sort by age and new rows land at one end of
 * the index.
 */
public final class JobIds {
    private static final SecureRandom RANDOM = new SecureRandom();
    /** Milliseconds in the upper bits and a 12-bit counter below: strictly increasing within a process (method 1 of §6.2). */
    private static final AtomicLong LAST = new AtomicLong();

    private JobIds() {}

    public static UUID next() {
        long now = System.currentTimeMillis() << 12;
        long stamp = LAST.updateAndGet(last -> Math.max(last + 1, now));
        long high = (stamp >>> 12) << 16 | 0x7000L | (stamp & 0xFFF);
        long low = 0x8000_0000_0000_0000L | (RANDOM.nextLong() >>> 2);
        return new UUID(high, low);
    }
}
