package dev.safelight.standalone.failure;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.generate.Engine;
import dev.safelight.worker.generate.Generation;
import dev.safelight.worker.generate.Model;
import dev.safelight.worker.generate.Outcome;
import dev.safelight.worker.generate.Progress;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import javax.imageio.ImageIO;
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
        Map<UUID, GenerationInput> inputs = new HashMap<>();
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
            for (UUID job : jobs.acknowledged()) {
                JsonNode input = Json.MAPPER.readTree(jobs.row(job).get("input").toString());
                inputs.put(job, Json.MAPPER.convertValue(input, GenerationInput.class));
            }
            compare(cluster, jobs, inputs);
            assertThat(api.isAlive() && worker.isAlive()).isTrue();
        }
    }

    /** Promise 3: at least 99.9 % of the pixels are equal and none is off by more than one. */
    private static void compare(Cluster cluster, Jobs jobs, Map<UUID, GenerationInput> inputs) throws Exception {
        try (Engine engine = Engine.open("cpu")) {
            Model model = engine.load(BundleReader.read(cluster.models().resolve("tiny")));
            long pixels = 0;
            long others = 0;
            for (Map.Entry<UUID, GenerationInput> job : inputs.entrySet()) {
                Ticket ticket = new Ticket(new JobKey("default", UUID.randomUUID()), Priority.NORMAL, 0, false);
                Outcome outcome = new Generation(model, job.getValue()).run(ticket, Progress.Listener.NONE);
                Picture whole = ((Outcome.Pictures) outcome).pictures().getFirst();
                BufferedImage resumed = picture(cluster, jobs, job.getKey());
                for (int y = 0; y < whole.height(); y++) {
                    for (int x = 0; x < whole.width(); x++) {
                        int expected = whole.pixels()[y * whole.width() + x] & 0xff;
                        int off = Math.abs(resumed.getRaster().getSample(x, y, 0) - expected);
                        assertThat(off).isLessThanOrEqualTo(1);
                        pixels++;
                        others += off;
                    }
                }
            }
            System.out.printf("resume: %d of %d pixels are off by one%n", others, pixels);
            assertThat(others).isLessThanOrEqualTo(pixels / 1000);
        }
    }

    private static BufferedImage picture(Cluster cluster, Jobs jobs, UUID job) throws IOException {
        String key = jobs.strings("SELECT object_key FROM job_output WHERE job_id = '" + job + "'")
                .getFirst();
        try (InputStream in =
                cluster.objects().open(key, 0, cluster.objects().size(key).orElseThrow() - 1)) {
            return ImageIO.read(in);
        }
    }

    private static long size(Path file) throws IOException {
        return Files.exists(file) ? Files.size(file) : 0;
    }
}
