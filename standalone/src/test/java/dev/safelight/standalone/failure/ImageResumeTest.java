package dev.safelight.standalone.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.generate.Originals;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.IntUnaryOperator;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

/**
 * Jobs that draw a part of an image anew, on a worker that is killed: another one fetches image and mask again, encodes them
 * again, and goes on from the checkpoint to the picture of an uninterrupted run.
 */
class ImageResumeTest {
    private static final int SIZE = 8;
    private static final int STEPS = 160;
    private static final List<String> SAMPLERS = List.of("ddpm", "ddim", "dpmpp-2m", "euler-a");

    /** Each pixel another grey. */
    private static final IntUnaryOperator IMAGE = place -> 3 * place + 20;
    /** The left half is drawn. */
    private static final IntUnaryOperator MASK = place -> place % SIZE < SIZE / 2 ? 255 : 0;

    @Test
    void aPartOfAnImageIsDrawnOnByAnotherWorker() throws Exception {
        Path rows = TestServers.newFolder("rows").resolve("log");
        Map<String, String> slow = Map.of(
                "TEST_CALL_MILLIS", "60",
                "TEST_ROW_LOG", rows.toString(),
                "SAFELIGHT_CHECKPOINT_INTERVAL", "100ms");
        try (Cluster cluster = new Cluster("families", "peaks");
                JavaProcess api = cluster.api(Map.of())) {
            JavaProcess first = Cluster.ready(cluster.worker(slow));
            Jobs jobs = cluster.jobs();
            for (int seed = 0; seed < SAMPLERS.size(); seed++) {
                jobs.submit("""
                        {"model": "peaks", "input": {"class": "high", "seed": %d, "steps": %d, "sampler": "%s", "guidance": 1,
                         "image": "%s", "mask": "%s", "strength": 0.9}}
                        """.formatted(seed, STEPS, SAMPLERS.get(seed), data(IMAGE), data(MASK)));
            }
            JavaProcess second = cluster.worker(slow);
            long needed = SAMPLERS.size() * STEPS * 9L / 10;
            // So far that to begin again would repeat a third of all rows, which is more than is let pass.
            jobs.await(
                    "EXISTS (SELECT FROM checkpoint WHERE checkpoint.job_id = job.job_id AND advance >= "
                            + needed / SAMPLERS.size() / 3 + ")",
                    SAMPLERS.size(),
                    Duration.ofMinutes(1));
            first.kill();
            Cluster.ready(second);
            jobs.awaitAllEnded(Duration.ofMinutes(2));
            jobs.audit("resume around an image");

            assertThat(jobs.states())
                    .as("why jobs went back or failed: %s", jobs.strings("""
                            SELECT type || ' ' || data FROM job_event WHERE type IN ('returned', 'failed') ORDER BY event_id"""))
                    .containsOnlyKeys("succeeded");
            assertThat(jobs.count("resumed_from_step > 0"))
                    .as("jobs that went on from a checkpoint; the second worker said: %s", second.output())
                    .isEqualTo(SAMPLERS.size());
            assertThat(Files.size(rows) - needed).as("rows evaluated twice").isBetween(0L, needed / 4);
            Uninterrupted whole = new Uninterrupted(cluster, "peaks", new Originals(picture(IMAGE), picture(MASK)));
            whole.compare(jobs);
            for (UUID job : jobs.acknowledged()) {
                checkHalves(whole.picture(jobs, job));
            }
            assertThat(api.isAlive() && second.isAlive()).isTrue();
        }
    }

    /** The control of the comparison: what is kept is the image, what is drawn is not. */
    private static void checkHalves(BufferedImage made) {
        int drawn = 0;
        for (int i = 0; i < SIZE * SIZE; i++) {
            int off = Math.abs(made.getRaster().getSample(i % SIZE, i / SIZE, 0) - IMAGE.applyAsInt(i));
            if (MASK.applyAsInt(i) == 0) {
                assertThat(off).isLessThanOrEqualTo(1);
            } else if (off > 1) {
                drawn++;
            }
        }
        assertThat(drawn).isGreaterThan(SIZE * SIZE / 4);
    }

    private static Picture picture(IntUnaryOperator brightness) {
        byte[] pixels = new byte[SIZE * SIZE];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) brightness.applyAsInt(i);
        }
        return new Picture(SIZE, SIZE, 1, pixels);
    }

    private static String data(IntUnaryOperator brightness) throws IOException {
        BufferedImage image = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < SIZE * SIZE; i++) {
            image.getRaster().setSample(i % SIZE, i / SIZE, 0, brightness.applyAsInt(i));
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(image, "png", png);
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(png.toByteArray());
    }
}
