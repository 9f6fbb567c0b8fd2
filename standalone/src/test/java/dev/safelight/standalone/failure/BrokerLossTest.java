package dev.safelight.standalone.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.embedded.testing.JavaProcess;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Kafka is killed and comes back, first with its data and then without. */
class BrokerLossTest {
    private static final int ROUNDS = Boolean.getBoolean("safelight.long") ? 5 : 1;
    private static final int SHARE = 12;
    /** So slow that the kill finds jobs running, jobs in Kafka and jobs in Postgres. */
    private static final Map<String, String> SLOW =
            Map.of("TEST_CALL_MILLIS", "50", "SAFELIGHT_SLOTS", "4", "SAFELIGHT_HEADROOM", "2");

    @Test
    void jobsAreAcceptedWhileKafkaIsAwayAndEndWhenItIsBackEvenEmpty() {
        try (Cluster cluster = new Cluster();
                JavaProcess api = cluster.api(Map.of());
                JavaProcess worker = Cluster.ready(cluster.worker(SLOW))) {
            Jobs jobs = cluster.jobs();
            int inKafka = 0;
            for (int round = 0; round < 2 * ROUNDS; round++) {
                boolean wipe = round >= ROUNDS;
                submit(jobs, SHARE);
                jobs.await("released_at IS NOT NULL", 1, Duration.ofSeconds(60));
                cluster.killKafka();
                inKafka += (int) jobs.count("released_at IS NOT NULL");
                submit(jobs, SHARE);
                if (wipe) {
                    cluster.wipeKafka();
                }
                cluster.startKafka();
                submit(jobs, SHARE);
                jobs.awaitAllEnded(Duration.ofMinutes(2));
            }
            assertThat(inKafka)
                    .as("jobs that stood in Kafka when it was killed")
                    .isPositive();
            assertThat(jobs.states()).containsOnlyKeys("succeeded");
            jobs.audit(
                    "broker loss, " + ROUNDS + " restarts and " + ROUNDS + " wipes, " + inKafka + " jobs stood in it");

            // Once it is back, new work flows as before: nobody waits for the time after which lost records are sent
            // again.
            UUID last = jobs.submit(Jobs.body("circle", 99, 3));
            jobs.awaitAllEnded(Duration.ofMinutes(1));
            assertThat(jobs.row(last)).containsEntry("attempt", 1);
            assertThat(api.isAlive() && worker.isAlive()).isTrue();
        }
    }

    private static void submit(Jobs jobs, int count) {
        for (int i = 0; i < count; i++) {
            jobs.submit(Jobs.body("circle", i, 6));
        }
    }
}
