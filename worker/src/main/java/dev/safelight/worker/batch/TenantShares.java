package dev.safelight.worker.batch;

import java.util.HashMap;
import java.util.Map;

/**
 * Rows served to each tenant that has walks on the device; who has had least comes first. A tenant that arrives starts at
 * the least served one's count: time away earns no credit and costs none.
 */
final class TenantShares {
    private final Map<String, Share> shares = new HashMap<>();

    private static final class Share {
        int walks;
        long rows;
    }

    void arrive(String tenant) {
        Share share = shares.get(tenant);
        if (share == null) {
            share = new Share();
            share.rows = shares.values().stream()
                    .mapToLong(other -> other.rows)
                    .min()
                    .orElse(0);
            shares.put(tenant, share);
        }
        share.walks++;
    }

    void leave(String tenant) {
        shares.computeIfPresent(tenant, (_, share) -> --share.walks == 0 ? null : share);
    }

    void serve(String tenant, int rows) {
        shares.get(tenant).rows += rows;
    }

    long served(String tenant) {
        return shares.get(tenant).rows;
    }
}
