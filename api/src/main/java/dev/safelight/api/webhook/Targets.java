package dev.safelight.api.webhook;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How much each target may have in flight from this process. One that does not answer gets a single attempt at a time
 * until it does, so that however many are dead, they take little room from those that live.
 */
final class Targets {
    private static final int MOST_SILENT = 10_000;

    private final int concurrency;
    private final Map<String, Integer> inFlight = new HashMap<>();
    private final Map<String, Boolean> silent = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MOST_SILENT;
        }
    };
    private int total;

    Targets(int concurrency) {
        this.concurrency = concurrency;
    }

    synchronized int room(String target) {
        int most = silent.containsKey(target) ? 1 : concurrency;
        return Math.max(0, most - inFlight.getOrDefault(target, 0));
    }

    /** Those that can take no more. */
    synchronized List<String> full() {
        return inFlight.keySet().stream().filter(target -> room(target) == 0).toList();
    }

    synchronized int total() {
        return total;
    }

    synchronized void enter(String target) {
        inFlight.merge(target, 1, Integer::sum);
        total++;
    }

    /** @return whether there was room; then it is taken */
    synchronized boolean tryEnter(String target) {
        if (room(target) == 0) {
            return false;
        }
        enter(target);
        return true;
    }

    /** @param answered whether it sent any reply */
    synchronized void leave(String target, boolean answered) {
        inFlight.computeIfPresent(target, (key, count) -> count == 1 ? null : count - 1);
        total--;
        if (answered) {
            silent.remove(target);
        } else {
            silent.put(target, true);
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
