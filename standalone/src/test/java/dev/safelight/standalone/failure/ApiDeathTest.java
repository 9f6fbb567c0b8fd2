package dev.safelight.standalone.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.embedded.testing.JavaProcess;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The API dies at the two points of a release where a job is committed and nobody has been told of it. */
class ApiDeathTest {
    private static final boolean LONG = Boolean.getBoolean("safelight.long");
    private static final int DEATHS = LONG ? 10 : 1;
    private static final int JOBS = 10;

    @Test
    void noAcknowledgedJobIsLostBetweenCommitAndKafka() {
        try (Cluster cluster = new Cluster();
                JavaProcess worker = cluster.worker(Map.of())) {
            Jobs jobs = cluster.jobs();
            boolean workerReady = false;
            int releasedAndUnpublished = 0;
            for (String stage : new String[] {"BEFORE_RELEASE", "BEFORE_PUBLISH"}) {
                for (int death = 1; death <= DEATHS; death++) {
                    try (JavaProcess api = cluster.api(Map.of("TEST_DIE_AT", stage, "TEST_DIE_AFTER", "" + death))) {
                        if (!workerReady) {
                            Cluster.ready(worker);
                            jobs.awaitWorker(Duration.ofSeconds(20));
                            workerReady = true;
                        }
                        // Until it dies: what it acknowledges before counts.
                        int tried = 0;
                        while (api.isAlive() && tried < JOBS * death) {
                            jobs.trySubmit(Jobs.body("circle", tried, 3), stage + death + "-" + tried);
                            tried++;
                        }
                        assertThat(api.awaitExit(Duration.ofSeconds(30))).isEqualTo(TestApi.DIED_AT_STAGE);
                        long released = jobs.count("released_at IS NOT NULL");
                        if (stage.equals("BEFORE_PUBLISH")) {
                            releasedAndUnpublished += (int) released;
                        } else if (death == 1) {
                            assertThat(released).as("died before the release").isZero();
                        }
                    }
                }
            }
            try (JavaProcess api = cluster.api(Map.of())) {
                while (jobs.acknowledged().size() < JOBS) {
                    jobs.submit(Jobs.body("square", jobs.acknowledged().size(), 3));
                }
                jobs.awaitAllEnded(Duration.ofMinutes(2));
                assertThat(api.isAlive()).isTrue();
            }
            assertThat(releasedAndUnpublished)
                    .as("jobs whose record never went out")
                    .isPositive();
            assertThat(jobs.states()).containsOnlyKeys("succeeded");
            // Whatever was released twice, each job was claimed once: only the API died.
            assertThat(jobs.count("attempt <> 1 OR crashes > 0")).isZero();
            jobs.audit("API death, " + 2 * DEATHS + " deaths, " + releasedAndUnpublished + " records never sent");
        }
    }
}
