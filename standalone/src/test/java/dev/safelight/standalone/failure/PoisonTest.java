package dev.safelight.standalone.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.job.JobState;
import dev.safelight.embedded.testing.JavaProcess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** One input kills the process of whoever runs it. */
class PoisonTest {
    private static final int MATES = Boolean.getBoolean("safelight.long") ? 60 : 12;
    private static final int MOST_DEATHS = 12;
    /** What a worker ends with whose device fails every call. */
    private static final int DEVICE_LOST = 4;
    /** The fourth class of the test bundle. */
    private static final Map<String, String> POISON =
            Map.of("TEST_POISON", "3", "TEST_CALL_MILLIS", "25", "SAFELIGHT_SLOTS", "8");

    @Test
    void thePoisonFailsAloneAndNoneOfItsMates() {
        failsAlone(POISON, TroubledNetwork.DIED_OF_POISON);
    }

    /** As an input does that a GPU's context does not survive: each worker ends by itself. */
    @Test
    @EnabledIfSystemProperty(named = "safelight.long", matches = "true")
    void anInputThatLosesTheDeviceFailsAloneToo() {
        Map<String, String> lost = new HashMap<>(POISON);
        lost.put("TEST_LOST", "");
        failsAlone(lost, DEVICE_LOST);
    }

    private static void failsAlone(Map<String, String> environment, int status) {
        try (Cluster cluster = new Cluster();
                JavaProcess api = cluster.api(Cluster.KAFKA_STAYS)) {
            Jobs jobs = cluster.jobs();
            List<UUID> mates = new ArrayList<>();
            UUID poison = null;
            for (int i = 0; i < MATES; i++) {
                if (i == MATES / 4) {
                    poison = jobs.submit(Jobs.body("cross", i, 5));
                }
                mates.add(jobs.submit(Jobs.body("circle", i, 5)));
            }
            int deaths = 0;
            JavaProcess worker = Cluster.ready(cluster.worker(environment));
            while (jobs.count("finished_at IS NOT NULL") < MATES + 1 && deaths < MOST_DEATHS) {
                if (jobs.awaitEndedOrDead(MATES + 1, worker, Duration.ofMinutes(1))) {
                    break;
                }
                assertThat(worker.awaitExit(Duration.ofSeconds(5))).isEqualTo(status);
                deaths++;
                worker = Cluster.ready(cluster.worker(environment));
            }
            assertThat(jobs.state(poison)).isEqualTo(JobState.FAILED);
            assertThat(jobs.row(poison).get("error").toString()).contains("worker_lost");
            assertThat(jobs.row(poison)).containsEntry("strikes", 3);
            for (UUID mate : mates) {
                assertThat(jobs.state(mate)).isEqualTo(JobState.SUCCEEDED);
                assertThat(jobs.row(mate)).as("no strike for a neighbour").containsEntry("strikes", 0);
            }
            jobs.audit("poison, " + deaths + " processes died of it");
            jobs.auditRecords();
            assertThat(deaths).as("two beside others, three alone").isEqualTo(5);
            assertThat(api.isAlive() && worker.isAlive()).isTrue();
        }
    }
}
