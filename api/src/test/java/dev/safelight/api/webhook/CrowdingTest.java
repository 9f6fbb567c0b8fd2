package dev.safelight.api.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.outbound.Resolver;
import dev.safelight.common.sign.SigningSecret;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What one tenant's dead receivers take from all the others: nothing. */
class CrowdingTest {
    private static final SigningSecret SECRET = SigningSecret.generate();

    @Test
    void namesThatNeverResolveHoldUpTheirOwnTenantOnlyAndCostNoAttemptThatWasNotMade() {
        CountDownLatch over = new CountDownLatch(1);
        Resolver dead = host -> {
            if (host.endsWith(".example")) {
                try {
                    over.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            return Resolver.SYSTEM.resolve(host);
        };
        try (Receiver receiver = new Receiver();
                Rig rig = new Rig(Map.of("SAFELIGHT_WEBHOOK_TIMEOUT", "2s"), dead)) {
            deliveries(rig, 80, "http://dead.example/");
            begun(rig);
            rig.happens(rig.job("b", receiver.url(), SECRET, "completed"), "succeeded");
            rig.dispatch();
            receiver.next();
            assertThat(rig.rows("SELECT FROM webhook_delivery WHERE tenant_id = 'b' AND state = 'delivered'"))
                    .hasSize(1);
            List<Map<String, Object>> asked = rig.rows("SELECT FROM webhook_delivery WHERE failures > 0");
            assertThat(asked).hasSizeBetween(1, 8);
            assertThat(
                            rig.rows(
                                    "SELECT FROM webhook_delivery WHERE tenant_id = 'a' AND failures = 0 AND state = 'pending'"))
                    .hasSize(80 - asked.size());
        } finally {
            over.countDown();
        }
    }

    @Test
    void aTenantHasNoMoreUnderWayThanItsShare() {
        CountDownLatch over = new CountDownLatch(1);
        try (Receiver hanging = new Receiver(exchange -> over.await());
                Receiver well = new Receiver();
                Rig rig = new Rig()) {
            deliveries(rig, 300, hanging.url());
            assertThat(begun(rig)).isEqualTo(Dispatcher.MOST_IN_FLIGHT_OF_A_TENANT);
            rig.happens(rig.job("b", well.url(), SECRET, "completed"), "succeeded");
            assertThat(rig.webhooks().dispatcher().runOnce()).isEqualTo(1);
            well.next();
            over.countDown();
            rig.awaitIdle();
            assertThat(begun(rig)).as("the rest has room now").isEqualTo(300 - Dispatcher.MOST_IN_FLIGHT_OF_A_TENANT);
            rig.awaitIdle();
        } finally {
            over.countDown();
        }
    }

    /** Of one tenant, each to a target of its own. */
    private static void deliveries(Rig rig, int count, String url) {
        JobKey job = rig.job("a", url, SECRET);
        rig.execute(
                "INSERT INTO webhook_delivery (tenant_id, delivery_id, job_id, event, occurred_at, target)"
                        + " SELECT 'a', gen_random_uuid(), ?, 'completed', now(), 'job a host' || number"
                        + " FROM generate_series(1, ?) AS number",
                job.jobId(),
                count);
    }

    /** Looks until there is nothing more to begin. */
    private static int begun(Rig rig) {
        int begun = 0;
        for (int last = -1; last != 0; begun += last) {
            last = rig.webhooks().dispatcher().runOnce();
        }
        return begun;
    }
}
