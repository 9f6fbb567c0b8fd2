package dev.safelight.api.outbound;

import dev.safelight.common.outbound.OutboundRules;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Asks the name service. A lookup blocks a thread of the platform for as long as the name service likes, whether or not
 * anybody still waits for the answer, and so long it counts against its tenant's share: names that never resolve take some of the
 * threads and never all.
 */
public final class Lookups implements AutoCloseable {
    private final OutboundRules rules;
    private final TenantShares shares;
    private final ThreadPoolExecutor threads;

    /** What came of it. */
    public sealed interface Outcome {}

    public record Answered(OutboundRules.Resolution resolution) implements Outcome {}

    /** The name service was asked and did not answer in time. */
    public record Silent() implements Outcome {}

    /** It was not asked: the tenant's other lookups, or everybody's, took all the time. */
    public record NotAsked() implements Outcome {}

    /** One name, and whether its turn has come. */
    private final class Lookup implements Runnable {
        private final String tenantId;
        private final OutboundRules.Plausible url;
        private final CompletableFuture<OutboundRules.Resolution> answer = new CompletableFuture<>();
        private volatile boolean begun;

        Lookup(String tenantId, OutboundRules.Plausible url) {
            this.tenantId = tenantId;
            this.url = url;
        }

        @Override
        public void run() {
            try {
                if (!answer.isDone()) {
                    begun = true;
                    answer.complete(rules.resolve(url));
                }
            } catch (RuntimeException | Error e) {
                answer.completeExceptionally(e);
            } finally {
                shares.release(tenantId);
            }
        }
    }

    /**
     * @param name of the threads
     * @param most lookups at a time
     * @param ofTenant of these, of one tenant
     */
    public Lookups(OutboundRules rules, String name, int most, int ofTenant) {
        this.rules = rules;
        this.shares = new TenantShares(ofTenant);
        this.threads = new ThreadPoolExecutor(
                most,
                most,
                10,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().name(name, 0).daemon().factory());
        threads.allowCoreThreadTimeOut(true);
    }

    /** @param deadline in {@link System#nanoTime()}; blocks for no longer */
    public Outcome resolve(String tenantId, OutboundRules.Plausible url, long deadline) throws InterruptedException {
        if (!shares.tryAcquire(tenantId, deadline - System.nanoTime())) {
            return new NotAsked();
        }
        Lookup lookup = new Lookup(tenantId, url);
        threads.execute(lookup);
        try {
            return new Answered(lookup.answer.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            return lookup.begun ? new Silent() : new NotAsked();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } finally {
            // If its turn has not come yet, it need not.
            lookup.answer.cancel(false);
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
