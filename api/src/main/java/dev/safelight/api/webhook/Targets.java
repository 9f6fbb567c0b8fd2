package dev.safelight.api.webhook;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How much each target may have in flight from this process, and each tenant with all its targets. A target that does not
 * answer gets a single attempt at a time until it does, so that however many are dead, they take little room from those that
 * live.
 */
final class Targets {
    private static final int MOST_SILENT = 10_000;

    private final int concurrency;
    private final int ofTenant;
    private final Map<String, Integer> inFlight = new HashMap<>();
    private final Map<String, Integer> inFlightOfTenants = new HashMap<>();
    private final Map<String, Boolean> silent = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MOST_SILENT;
        }
    };
    private int total;

    /**
     * @param concurrency most of one target
     * @param ofTenant most of one tenant: it may have a target for each of its jobs
     */
    Targets(int concurrency, int ofTenant) {
        this.concurrency = concurrency;
        this.ofTenant = ofTenant;
    }

    synchronized int room(String target) {
        int most = silent.containsKey(target) ? 1 : concurrency;
        return Math.max(0, most - inFlight.getOrDefault(target, 0));
    }

    synchronized int roomOfTenant(String tenantId) {
        return Math.max(0, ofTenant - inFlightOfTenants.getOrDefault(tenantId, 0));
    }

    /** Those that can take no more. */
    synchronized List<String> full() {
        return inFlight.keySet().stream().filter(target -> room(target) == 0).toList();
    }

    /** Tenants that can have no more. */
    synchronized List<String> fullTenants() {
        return inFlightOfTenants.keySet().stream()
                .filter(tenantId -> roomOfTenant(tenantId) == 0)
                .toList();
    }

    synchronized int total() {
        return total;
    }

    synchronized void enter(Due due) {
        inFlight.merge(due.target(), 1, Integer::sum);
        inFlightOfTenants.merge(due.tenantId(), 1, Integer::sum);
        total++;
    }

    /** @return whether there was room; then it is taken */
    synchronized boolean tryEnter(Due due) {
        if (room(due.target()) == 0 || roomOfTenant(due.tenantId()) == 0) {
            return false;
        }
        enter(due);
        return true;
    }

    /** What an attempt says of its target. */
    enum Heard {
        A_REPLY,
        SILENCE,
        /** It was not asked. */
        NOTHING
    }

    synchronized void leave(Due due, Heard heard) {
        inFlight.computeIfPresent(due.target(), (key, count) -> count == 1 ? null : count - 1);
        inFlightOfTenants.computeIfPresent(due.tenantId(), (key, count) -> count == 1 ? null : count - 1);
        total--;
        switch (heard) {
            case A_REPLY -> silent.remove(due.target());
            case SILENCE -> silent.put(due.target(), true);
            case NOTHING -> {}
        }
        notifyAll();
    }

    /** Returns once nothing is in flight, or when the time is over. @return whether nothing is */
    synchronized boolean awaitIdle(long milliseconds) throws InterruptedException {
        long end = System.nanoTime() + milliseconds * 1_000_000;
        while (total > 0) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }
}
