package dev.safelight.standalone.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.worker.generate.Originals;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Long jobs on a worker that is killed at random steps: they go on elsewhere, to the images of an uninterrupted run. */
class ResumeTest {
    private static final boolean LONG = Boolean.getBoolean("safelight.long");
    private static final int JOBS = 20;
    private static final int STEPS = LONG ? 600 : 160;
    private static final int KILLS = LONG ? 5 : 1;
    private static final List<String> SAMPLERS = List.of("ddpm", "ddim", "euler", "dpmpp-2m");

    @Test
    void aRescuedJobGoesOnToTheSameImage() throws Exception {
        Path rows = TestServers.newFolder("rows").resolve("log");
        Map<String, String> slow = Map.of(
                "TEST_CALL_MILLIS",
                "12",
                "TEST_ROW_LOG",
                rows.toString(),
                "SAFELIGHT_SLOTS",
                Integer.toString(JOBS),
                "SAFELIGHT_CHECKPOINT_INTERVAL",
                "100ms");
        Random random = new Random(17);
        try (Cluster cluster = new Cluster();
                JavaProcess api = cluster.api(Map.of())) {
            JavaProcess worker = Cluster.ready(cluster.worker(slow));
            Jobs jobs = cluster.jobs();
            for (int seed = 0; seed < JOBS; seed++) {
                String sampler = SAMPLERS.get(seed % SAMPLERS.size());
                jobs.submit("""
                        {"model": "tiny", "input": {"class": "circle", "seed": %d, "steps": %d, "sampler": "%s", "guidance": 1}}
                        """.formatted(seed, STEPS, sampler));
            }
            long needed = (long) JOBS * STEPS;
            for (int kill = 1; kill <= KILLS; kill++) {
                // The next worker is ready before the lease of the killed one has run out.
                JavaProcess next = cluster.worker(slow);
                long moment = needed * kill / (KILLS + 1) + random.nextLong(needed / (KILLS + 1) / 4);
                while (size(rows) < moment) {
                    Thread.sleep(5);
                }
                worker.kill();
                worker = Cluster.ready(next);
            }
            jobs.awaitAllEnded(Duration.ofMinutes(5));
            jobs.audit("resume, " + KILLS + " kills");
            assertThat(jobs.states()).containsOnlyKeys("succeeded");
            long evaluated = size(rows);
            double repeated = (evaluated - needed) / (double) needed;
            System.out.printf(
                    "resume: %d evaluations for %d steps of %d jobs, %.1f %% repeated; resumed from steps %s%n",
                    evaluated,
                    needed,
                    JOBS,
                    100 * repeated,
                    jobs.strings("SELECT resumed_from_step::text FROM job WHERE resumed_from_step IS NOT NULL"));
            assertThat(repeated).isBetween(0.0, 0.1);
            assertThat(jobs.count("resumed_from_step > 0"))
                    .as("jobs that went on from a checkpoint in their last attempt")
                    .isGreaterThan(JOBS / 2);
            assertThat(jobs.number("SELECT count(*) FROM checkpoint")).isZero();
            new Uninterrupted(cluster, "tiny", Originals.NONE).compare(jobs);
            assertThat(api.isAlive() && worker.isAlive()).isTrue();
        }
    }

    private static long size(Path file) throws IOException {
        return Files.exists(file) ? Files.size(file) : 0;
    }
}
