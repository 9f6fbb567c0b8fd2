package dev.safelight.standalone.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.generate.Engine;
import dev.safelight.worker.generate.Generation;
import dev.safelight.worker.generate.Model;
import dev.safelight.worker.generate.Originals;
import dev.safelight.worker.generate.Outcome;
import dev.safelight.worker.generate.Progress;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.util.UUID;
import javax.imageio.ImageIO;

/**
 * The same jobs in one go, on an engine of the test's own.
 *
 * @param model of all the jobs
 * @param originals that all of them were made from
 */
record Uninterrupted(Cluster cluster, String model, Originals originals) {

    /** Promise 3: at least 99.9 % of the pixels are equal and none is off by more than one. */
    void compare(Jobs jobs) throws Exception {
        try (Engine engine = Engine.open("cpu")) {
            Model loaded = engine.load(BundleReader.read(cluster.models().resolve(model)));
            long pixels = 0;
            long others = 0;
            for (UUID job : jobs.acknowledged()) {
                Picture whole = run(loaded, jobs, job);
                BufferedImage resumed = picture(jobs, job);
                assertThat(resumed.getWidth()).isEqualTo(whole.width());
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

    private Picture run(Model loaded, Jobs jobs, UUID job) throws Exception {
        GenerationInput input = Json.read(jobs.row(job).get("input").toString(), GenerationInput.class);
        Ticket ticket = new Ticket(new JobKey("default", UUID.randomUUID()), Priority.NORMAL, 0, false);
        Outcome outcome = new Generation(loaded, input, originals).run(ticket, Progress.Listener.NONE);
        assertThat(outcome).isInstanceOf(Outcome.Pictures.class);
        return ((Outcome.Pictures) outcome).pictures().getFirst();
    }

    /** What a job left in the store. */
    BufferedImage picture(Jobs jobs, UUID job) throws IOException {
        String key = jobs.strings("SELECT object_key FROM job_output WHERE job_id = '" + job + "'")
                .getFirst();
        try (InputStream in =
                cluster.objects().open(key, 0, cluster.objects().size(key).orElseThrow() - 1)) {
            return ImageIO.read(in);
        }
    }
}
