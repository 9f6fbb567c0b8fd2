package dev.safelight.api.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.Eventually;
import dev.safelight.common.outbound.OutboundRules;
import dev.safelight.common.outbound.OutboundSettings;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

class LookupsTest {
    private final CountDownLatch over = new CountDownLatch(1);
    private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    private final OutboundRules rules =
            new OutboundRules(OutboundSettings.of(OutboundSettings.ports("any"), List.of("127.0.0.1")), host -> {
                asked.add(host);
                while (host.startsWith("dead") && over.getCount() > 0) {
                    try {
                        over.await();
                    } catch (InterruptedException e) {
                        // As the operating system's: it hears nothing.
                    }
                }
                return List.of(InetAddress.getLoopbackAddress());
            });

    /** Whoever gives up waiting frees no thread. */
    @Test
    void aThreadThatTheNameServiceHoldsCountsUntilItIsFree() throws InterruptedException {
        try (Lookups lookups = new Lookups(rules, "lookup-", 4, 2)) {
            List<Thread> waiting = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                waiting.add(Thread.startVirtualThread(() -> resolve(lookups, "a", "dead", inAMinute())));
            }
            asked.take();
            asked.take();
            for (Thread thread : waiting) {
                Eventually.becomes("it waits", () -> thread.getState() == Thread.State.TIMED_WAITING);
            }
            assertThat(asked).as("no more than the tenant's share").isEmpty();
            for (Thread thread : waiting) {
                thread.interrupt();
                thread.join();
            }
            assertThat(resolve(lookups, "a", "well", System.nanoTime())).isEqualTo(new Lookups.NotAsked());
            assertThat(resolve(lookups, "b", "well", inAMinute())).isInstanceOf(Lookups.Answered.class);
            over.countDown();
            assertThat(resolve(lookups, "a", "well", inAMinute())).isInstanceOf(Lookups.Answered.class);
        } finally {
            over.countDown();
        }
    }

    @Test
    void whoWantsNothingIsForgotten() throws InterruptedException {
        TenantShares shares = new TenantShares(1);
        assertThat(shares.tryAcquire("a", 0)).isTrue();
        assertThat(shares.tryAcquire("a", 0)).isFalse();
        assertThat(shares.tryAcquire("b", 0)).isTrue();
        Thread next = Thread.startVirtualThread(() -> {
            try {
                if (shares.tryAcquire("a", Duration.ofMinutes(1).toNanos())) {
                    shares.release("a");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Eventually.becomes("it waits", () -> next.getState() == Thread.State.TIMED_WAITING);
        shares.release("b");
        assertThat(shares.tenants()).isEqualTo(1);
        shares.release("a");
        next.join();
        assertThat(shares.tenants()).isZero();
    }

    private static Lookups.Outcome resolve(Lookups lookups, String tenantId, String host, long deadline) {
        OutboundRules rules =
                new OutboundRules(OutboundSettings.of(OutboundSettings.ports("any"), List.of()), name -> List.of());
        try {
            return lookups.resolve(
                    tenantId, (OutboundRules.Plausible) rules.examine("http://" + host + ".example/"), deadline);
        } catch (InterruptedException e) {
            return null;
        }
    }

    private static long inAMinute() {
        return System.nanoTime() + Duration.ofMinutes(1).toNanos();
    }
}
