package dev.safelight.standalone.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.embedded.testing.JavaProcess;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Postgres is killed and comes back: soon, and after the workers had to stop by themselves. */
class DatabaseLossTest {
    private static final int ROUNDS = Boolean.getBoolean("safelight.long") ? 5 : 1;
    private static final int SHARE = 16;
    /** A worker that a busy machine wakes late is to be waited for, so that only one that loses its jobs is counted. */
    private static final Map<String, String> PATIENT =
            Map.of("SAFELIGHT_REDISPATCH_AFTER", "30s", "SAFELIGHT_RESCUE_GRACE", "15s");

    private static final Map<String, String> SLOW = Map.of("TEST_CALL_MILLIS", "40", "SAFELIGHT_SLOTS", "8");

    @Test
    void everyAcknowledgedJobEndsOnceThoughPostgresWasAway() {
        try (Cluster cluster = new Cluster();
                JavaProcess api = cluster.api(PATIENT);
                JavaProcess worker = Cluster.ready(cluster.worker(SLOW))) {
            Jobs jobs = cluster.jobs();
            int running = 0;
            int refused = 0;
            for (int round = 0; round < 2 * ROUNDS; round++) {
                for (int i = 0; i < SHARE; i++) {
                    jobs.submit(Jobs.body("circle", i, 20));
                }
                jobs.await("state = 'running'", 4, Duration.ofSeconds(60));
                running += (int) jobs.count("state = 'running'");
                cluster.postgres().kill();
                refused += jobs.trySubmit(
                                        Jobs.body("circle", 1, 3),
                                        UUID.randomUUID().toString())
                                == null
                        ? 1
                        : 0;
                if (round >= ROUNDS) {
                    worker.awaitLine(line -> line.contains("all attempts stop"), Cluster.LEASE.multipliedBy(5));
                }
                cluster.postgres().start();
                jobs.awaitAllEnded(Duration.ofMinutes(2));
            }
            assertThat(running).isPositive();
            assertThat(refused)
                    .as("submits while Postgres was away were not acknowledged")
                    .isEqualTo(2 * ROUNDS);
            assertThat(jobs.states()).containsOnlyKeys("succeeded");
            assertThat(jobs.number("SELECT coalesce(sum(crashes), 0) FROM job"))
                    .as("no worker crashed")
                    .isZero();
            jobs.audit("database loss, " + 2 * ROUNDS + " kills, " + running + " jobs were running");
            jobs.auditRecords();
            assertThat(api.isAlive() && worker.isAlive()).isTrue();
        }
    }
}
