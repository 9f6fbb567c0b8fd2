package dev.safelight.worker.attempt;

import dev.safelight.common.job.Fence;
import dev.safelight.common.time.Backoff;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.output.Origin;
import dev.safelight.worker.output.OutputWriter;
import dev.safelight.worker.store.StoredOutput;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stores the images of an attempt, waiting for a store that is away while the lease holds. */
final class PatientWriter {
    private static final Logger LOG = LoggerFactory.getLogger(PatientWriter.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(3);

    private final OutputWriter writer;
    private final Duration patience;
    private final LongSupplier nanoTime;

    PatientWriter(OutputWriter writer, Duration patience, LongSupplier nanoTime) {
        this.writer = writer;
        this.patience = patience;
        this.nanoTime = nanoTime;
    }

    /** The job may be somebody else's: nothing more may be written. */
    static final class LeaseGone extends Exception {
        private static final long serialVersionUID = 1L;

        LeaseGone() {
            super("the lease is gone");
        }
    }

    /**
     * Stores all images.
     *
     * @param mayWrite asked before each write
     * @throws LeaseGone when it said no
     * @throws IOException when the store was away for too long
     */
    List<StoredOutput> write(Fence fence, Origin origin, List<Picture> pictures, BooleanSupplier mayWrite)
            throws LeaseGone, IOException, InterruptedException {
        List<StoredOutput> outputs = new ArrayList<>();
        long end = nanoTime.getAsLong() + patience.toNanos();
        for (int ordinal = 0; ordinal < pictures.size(); ordinal++) {
            outputs.add(write(fence, origin, ordinal, pictures.get(ordinal), mayWrite, end));
        }
        return outputs;
    }

    private StoredOutput write(
            Fence fence, Origin origin, int ordinal, Picture picture, BooleanSupplier mayWrite, long end)
            throws LeaseGone, IOException, InterruptedException {
        Backoff backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
        while (true) {
            if (!mayWrite.getAsBoolean()) {
                throw new LeaseGone();
            }
            try {
                return writer.write(fence, origin, ordinal, picture);
            } catch (IOException e) {
                Duration pause = backoff.next();
                if (nanoTime.getAsLong() + pause.toNanos() - end > 0) {
                    throw e;
                }
                LOG.warn(
                        "cannot store an image of job {}, will try again: {}",
                        fence.job().jobId(),
                        e.toString());
                Thread.sleep(pause);
            }
        }
    }
}
