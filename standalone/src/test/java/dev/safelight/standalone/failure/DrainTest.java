package dev.safelight.standalone.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.job.JobState;
import dev.safelight.embedded.testing.JavaProcess;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** SIGTERM: a worker finishes what it can, hands back the rest, and ends well. */
class DrainTest {
    private static final Map<String, String> SLOW =
            Map.of("TEST_CALL_MILLIS", "50", "SAFELIGHT_DRAIN_GRACE", "1s", "SAFELIGHT_SLOTS", "4");

    @Test
    void aDrainingWorkerFinishesOrHandsBackWithoutAStrike() {
        try (Cluster cluster = new Cluster();
                JavaProcess api = cluster.api(Cluster.KAFKA_STAYS);
                JavaProcess draining = Cluster.ready(cluster.worker(SLOW))) {
            Jobs jobs = cluster.jobs();
            UUID endless = jobs.submit(Jobs.body("circle", 1, 400));
            jobs.await("state = 'running' AND step > 0", 1, Duration.ofSeconds(60));
            UUID brief = jobs.submit(Jobs.body("square", 2, 5));
            jobs.await("job_id = '" + brief + "' AND state <> 'queued'", 1, Duration.ofSeconds(60));

            draining.terminate();
            assertThat(draining.awaitExit(Duration.ofSeconds(30))).isZero();

            assertThat(jobs.state(brief)).isEqualTo(JobState.SUCCEEDED);
            assertThat(jobs.row(endless))
                    .containsEntry("state", "queued")
                    .containsEntry("attempt", 1)
                    .containsEntry("crashes", 0)
                    .containsEntry("strikes", 0);
            assertThat(jobs.number(
                            "SELECT count(*) FROM job_event WHERE type = 'returned' AND data ->> 'code' = 'draining'"))
                    .isOne();
            assertThat(jobs.number("SELECT count(*) FROM worker"))
                    .as("it signed off")
                    .isZero();

            long done = jobs.number("SELECT advance FROM checkpoint");
            assertThat(done).isGreaterThanOrEqualTo((Integer) jobs.row(endless).get("step"));

            // The next one goes on at once from the very last step, and a cancel stops it between two steps.
            try (JavaProcess next = Cluster.ready(cluster.worker(SLOW))) {
                jobs.await("state = 'running' AND attempt = 2 AND step > 0", 1, Duration.ofSeconds(60));
                assertThat(jobs.row(endless)).containsEntry("resumed_from_step", (int) done);
                jobs.cancel(endless);
                jobs.awaitAllEnded(Duration.ofSeconds(60));
                assertThat(jobs.state(endless)).isEqualTo(JobState.CANCELED);
                assertThat((Integer) jobs.row(endless).get("step")).isLessThan(400);
                assertThat(jobs.number("SELECT count(*) FROM checkpoint")).isZero();
                assertThat(next.isAlive() && api.isAlive()).isTrue();
            }
            jobs.audit("drain, one job finished, one handed back and then canceled");
            jobs.auditRecords();
        }
    }
}
