package dev.safelight.api.outbound;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * What each tenant may hold at a time of something that all share, so that none holds all of it. Who wants more waits
 * for his own, and in nobody else's way.
 */
public final class TenantShares {
    private final int most;
    private final ConcurrentMap<String, Share> shares = new ConcurrentHashMap<>();

    /** @param users those that hold some of it or wait for it; without any it is forgotten */
    private record Share(Semaphore free, int users) {
        Share used(int more) {
            return users + more == 0 ? null : new Share(free, users + more);
        }
    }

    /** @param most of one tenant */
    public TenantShares(int most) {
        this.most = most;
    }

    /** @return whether the tenant has one more now; then {@link #release} gives it back */
    public boolean tryAcquire(String tenantId, long nanoseconds) throws InterruptedException {
        Share share = shares.compute(
                tenantId, (key, known) -> known == null ? new Share(new Semaphore(most, true), 1) : known.used(1));
        boolean acquired = false;
        try {
            acquired = share.free.tryAcquire(nanoseconds, TimeUnit.NANOSECONDS);
            return acquired;
        } finally {
            if (!acquired) {
                leave(tenantId);
            }
        }
    }

    /** Waits as long as it takes. */
    public void acquire(String tenantId) throws InterruptedException {
        tryAcquire(tenantId, Long.MAX_VALUE);
    }

    /** From any thread. */
    public void release(String tenantId) {
        shares.get(tenantId).free.release();
        leave(tenantId);
    }

    private void leave(String tenantId) {
        shares.computeIfPresent(tenantId, (key, share) -> share.used(-1));
    }

    /** Tenants that hold or want anything. */
    int tenants() {
        return shares.size();
    }
}
