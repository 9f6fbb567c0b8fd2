package dev.safelight.standalone.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.embedded.testing.JavaProcess;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Two workers, and one after the other is killed at a random moment and started again. */
class WorkerDeathTest {
    private static final boolean LONG = Boolean.getBoolean("safelight.long");
    private static final int JOBS = LONG ? 1000 : 60;
    private static final int KILLS = LONG ? 50 : 3;
    private static final int STEPS = 10;
    private static final Map<String, String> SLOW = Map.of("TEST_CALL_MILLIS", "25", "SAFELIGHT_SLOTS", "8");

    @Test
    void everyAcknowledgedJobEndsOnceHoweverOftenWorkersDie() {
        Random random = new Random(11);
        try (Cluster cluster = new Cluster();
                JavaProcess api = cluster.api(Cluster.KAFKA_STAYS)) {
            JavaProcess[] workers = {cluster.worker(SLOW), cluster.worker(SLOW)};
            Cluster.ready(workers[0]);
            Cluster.ready(workers[1]);
            Jobs jobs = cluster.jobs();
            int killedWhileBusy = 0;
            for (int kill = 0; kill < KILLS; kill++) {
                for (int i = jobs.acknowledged().size(); i < JOBS * (kill + 1) / KILLS; i++) {
                    jobs.submit(Jobs.body("circle", i, STEPS));
                }
                // Somewhere in the work of this share: so many jobs have ended, the rest is on its way.
                int share = JOBS / KILLS;
                jobs.await(
                        "finished_at IS NOT NULL",
                        JOBS * kill / KILLS + random.nextInt(share / 2),
                        Duration.ofMinutes(2));
                int victim = random.nextInt(2);
                workers[victim].kill();
                killedWhileBusy += jobs.count("state = 'running'") > 0 ? 1 : 0;
                workers[victim] = cluster.worker(SLOW);
                Cluster.ready(workers[victim]);
            }
            jobs.awaitAllEnded(Duration.ofMinutes(LONG ? 10 : 3));
            jobs.audit("worker death, " + KILLS + " kills");
            jobs.auditRecords();
            assertThat(jobs.states()).containsOnlyKeys("succeeded");
            assertThat(jobs.number("SELECT sum(crashes) FROM job"))
                    .as("jobs that a worker died with")
                    .isPositive();
            assertThat(killedWhileBusy).as("kills that hit running jobs").isPositive();
            assertThat(api.isAlive()).isTrue();
            workers[0].kill();
            workers[1].kill();
        }
    }
}
