package dev.safelight.api.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.config.Settings;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.job.Priority;
import dev.safelight.common.store.Database;
import dev.safelight.embedded.testing.TestJobs;
import dev.safelight.embedded.testing.TestServers;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RescuerTest {
    private Database database;
    private TestJobs jobs;
    private final AtomicInteger wakes = new AtomicInteger();

    @BeforeEach
    void open() {
        database = Database.open(TestServers.newDatabase(), "test");
        jobs = new TestJobs(database, "default", "tiny", "v1");
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void aLeaseThatHoldsIsLeftAlone() {
        JobKey job = lost("lease_until = now() + interval '5 s'");
        assertThat(rescuer("0s").runOnce()).isEmpty();
        assertThat(jobs.state(job)).isEqualTo(JobState.RUNNING);
        assertThat(wakes).hasValue(0);
    }

    @Test
    void aLapsedLeaseGivesTheJobBackWithACrashAndABackoffThatDoubles() {
        JobKey job = lost("crashes = 0");
        for (int crash = 1; crash <= 3; crash++) {
            assertThat(rescuer("0s").runOnce()).containsOnly(Map.entry(JobState.QUEUED, 1));
            assertThat(jobs.row(job)).containsEntry("crashes", crash).containsEntry("strikes", 0);
            long seconds = 1L << (crash - 1);
            assertThat(jobs.count(
                            "job",
                            "available_at BETWEEN now() + interval '%d s' - interval '900 ms' AND now() + interval '%d s'"
                                    .formatted(seconds, seconds)))
                    .isOne();
            jobs.update(job, LOST);
        }
        assertThat(jobs.events(job)).containsExactly("returned", "returned", "returned");
        assertThat(wakes).hasValue(3);
    }

    @Test
    void crashesWhileAloneAreStrikesAndTheLastOneEndsTheJob() {
        JobKey job = lost("alone = true, strikes = 1");
        rescuer("0s").runOnce();
        assertThat(jobs.row(job))
                .containsEntry("state", "queued")
                .containsEntry("strikes", 2)
                .containsEntry("alone", false);
        jobs.update(job, LOST + ", alone = true");
        assertThat(rescuer("0s").runOnce()).containsOnly(Map.entry(JobState.FAILED, 1));
        assertThat(jobs.row(job).get("error").toString()).contains("worker_lost");
        assertThat(jobs.events(job)).containsExactly("returned", "failed");
    }

    @Test
    void aJobThatWasToBeCanceledIsCanceled() {
        JobKey job = lost("cancel_requested_at = now()");
        assertThat(rescuer("0s").runOnce()).containsOnly(Map.entry(JobState.CANCELED, 1));
        assertThat(jobs.events(job)).containsExactly("canceled");
    }

    @Test
    void aLostJobWhoseTimeIsUpIsFailedInsteadOfTriedAgain() {
        JobKey late = lost("timeout_seconds = 30, started_at = now() - interval '31 s'");
        JobKey early = lost("timeout_seconds = 30, started_at = now() - interval '10 s'");
        rescuer("0s").runOnce();
        assertThat(jobs.row(late).get("error").toString()).contains("\"timeout\"", "30 s");
        assertThat(jobs.state(late)).isEqualTo(JobState.FAILED);
        assertThat(jobs.events(late)).containsExactly("failed");
        assertThat(jobs.state(early)).isEqualTo(JobState.QUEUED);
    }

    /** Its worker beats and does not come to a step: it hangs. */
    @Test
    void aJobThatItsWorkerDoesNotEndInTimeIsEndedForIt() {
        String held = "lease_until = now() + interval '1 minute', timeout_seconds = 30, started_at = now() - interval ";
        JobKey hangs = lost(held + "'41 s'");
        JobKey aboutToBeEnded = lost(held + "'39 s'");
        assertThat(rescuer("0s").runOnce()).containsOnly(Map.entry(JobState.FAILED, 1));
        assertThat(jobs.row(hangs))
                .containsEntry("state", "failed")
                .containsEntry("crashes", 0)
                .containsEntry("strikes", 0);
        assertThat(jobs.state(aboutToBeEnded)).isEqualTo(JobState.RUNNING);
    }

    @Test
    void afterAStartOfPostgresWorkersGetTimeToRenew() {
        JobKey job = lost("crashes = 0");
        assertThat(rescuer("24h").runOnce()).isEmpty();
        assertThat(jobs.state(job)).isEqualTo(JobState.RUNNING);
    }

    @Test
    void workersThatAreLongDeadAreForgotten() {
        UUID dead = jobs.worker(1, 0);
        jobs.worker(1, 0);
        database.jdbi()
                .useHandle(handle -> handle.execute(
                        "UPDATE worker SET beat_at = now() - interval '1 day' WHERE worker_id = '" + dead + "'"));
        rescuer("0s").runOnce();
        assertThat(jobs.count("worker", "TRUE")).isOne();
    }

    private static final String LOST =
            "state = 'running', attempt = attempt + 1, started_at = now(), owner = gen_random_uuid(), lease_until = now() - interval '1 s'";

    private JobKey lost(String assignments) {
        JobKey job = jobs.queued("a", Priority.NORMAL);
        jobs.update(job, LOST);
        jobs.update(job, assignments);
        return job;
    }

    private Rescuer rescuer(String grace) {
        RelaySettings settings = RelaySettings.read(new Settings(Map.of("SAFELIGHT_RESCUE_GRACE", grace)));
        return new Rescuer(database, settings, new SimpleMeterRegistry(), wakes::incrementAndGet);
    }
}
