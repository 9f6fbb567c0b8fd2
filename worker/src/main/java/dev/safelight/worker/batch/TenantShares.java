package dev.safelight.worker.batch;

import java.util.HashMap;
import java.util.Map;

/**
 * Rows served to each tenant that has walks on the device, divided by its weight; who has had least comes first. A tenant
 * that arrives starts at the least served one's count: time away earns no credit and costs none.
 */
final class TenantShares {
    private final Map<String, Share> shares = new HashMap<>();

    private static final class Share {
        int walks;
        double weight;
        double served;
    }

    /** @param weight as the tenant's latest job brought it */
    void arrive(String tenant, double weight) {
        Share share = shares.get(tenant);
        if (share == null) {
            share = new Share();
            share.served = shares.values().stream()
                    .mapToDouble(other -> other.served)
                    .min()
                    .orElse(0);
            shares.put(tenant, share);
        }
        share.weight = weight;
        share.walks++;
    }

    void leave(String tenant) {
        shares.computeIfPresent(tenant, (_, share) -> --share.walks == 0 ? null : share);
    }

    void serve(String tenant, int rows) {
        Share share = shares.get(tenant);
        share.served += rows / share.weight;
    }

    /** The part of the device that is a tenant's while all that are here want rows; 1 for one that is alone. */
    double share(String tenant) {
        double all = shares.values().stream().mapToDouble(share -> share.weight).sum();
        return shares.get(tenant).weight / all;
    }

    double served(String tenant) {
        return shares.get(tenant).served;
    }
}
