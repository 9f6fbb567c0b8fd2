package dev.safelight.worker.attempt;

import dev.safelight.common.job.Fence;
import dev.safelight.common.store.StoreFullException;
import dev.safelight.common.time.Backoff;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.output.Origin;
import dev.safelight.worker.output.OutputWriter;
import dev.safelight.worker.store.StoredOutput;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores the images of an attempt, waiting for a store that is away while the lease holds. For one that is full it waits
 * without end: the images are made, to make them again somewhere else would not help, and a worker whose jobs all wait
 * takes no more of them.
 */
final class PatientWriter {
    private static final Logger LOG = LoggerFactory.getLogger(PatientWriter.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(3);

    private final OutputWriter writer;
    private final Duration patience;
    private final Runnable full;
    private final LongSupplier nanoTime;

    /** @param full told of each write for which there was no room */
    PatientWriter(OutputWriter writer, Duration patience, Runnable full, LongSupplier nanoTime) {
        this.writer = writer;
        this.full = full;
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
     * @param pictures by their index in the job
     * @param mayWrite asked before each write
     * @param mayWait asked before each wait for room: a worker that is leaving hands the job back instead
     * @throws LeaseGone when it said no
     * @throws IOException when the store was away for too long
     */
    List<StoredOutput> write(
            Fence fence,
            Origin origin,
            SortedMap<Integer, Picture> pictures,
            BooleanSupplier mayWrite,
            BooleanSupplier mayWait)
            throws LeaseGone, IOException, InterruptedException {
        List<StoredOutput> outputs = new ArrayList<>();
        long end = nanoTime.getAsLong() + patience.toNanos();
        for (Map.Entry<Integer, Picture> picture : pictures.entrySet()) {
            // Before the first try: a store may refuse it for hours, every few seconds.
            OutputWriter.Encoded image = OutputWriter.encode(fence, origin, picture.getKey(), picture.getValue());
            outputs.add(write(fence, image, mayWrite, mayWait, end));
        }
        return outputs;
    }

    private StoredOutput write(
            Fence fence, OutputWriter.Encoded image, BooleanSupplier mayWrite, BooleanSupplier mayWait, long end)
            throws LeaseGone, IOException, InterruptedException {
        Backoff backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
        boolean told = false;
        while (true) {
            if (!mayWrite.getAsBoolean()) {
                throw new LeaseGone();
            }
            try {
                return writer.write(image);
            } catch (StoreFullException e) {
                full.run();
                if (!told) {
                    LOG.error(
                            "job {} keeps its images and waits for room: {}",
                            fence.job().jobId(),
                            e.getMessage());
                    told = true;
                }
                if (!mayWait.getAsBoolean()) {
                    throw new LeaseGone();
                }
                Thread.sleep(backoff.next());
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
