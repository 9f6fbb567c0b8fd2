package dev.safelight.worker.attempt;

import dev.safelight.common.job.JobError;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.request.ImageDigest;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.worker.batch.EvaluationStopped;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.encode.PictureFile;
import dev.safelight.worker.generate.Fitted;
import dev.safelight.worker.generate.Originals;
import dev.safelight.worker.store.JobStore;
import dev.safelight.worker.store.Transient;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jdbi.v3.core.JdbiException;

/**
 * Gets the images that a job is made from. Every attempt gets the same bytes: it is their digest that the job names. Only
 * a few jobs at a time: an image of some megapixels takes a hundred times as much memory until it is fitted to a model as
 * a job does that is sampled, and the memory is that of all jobs.
 */
final class OriginalImages {
    /** As many as a small machine has processors to decode them with. */
    private static final int AT_A_TIME = 2;

    private static final long LOOK_MILLIS = 200;

    private final JobStore jobs;
    private final ObjectStore objects;
    private final Semaphore turns = new Semaphore(AT_A_TIME, true);

    /** The object store or Postgres is away, or the store has other bytes than were kept. */
    static final class Unreadable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Unreadable(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    OriginalImages(JobStore jobs, ObjectStore objects) {
        this.jobs = jobs;
        this.objects = objects;
    }

    /**
     * The images of a job, which are read when they are asked for: that throws {@link Unreadable}, and {@link UnservableJob}
     * when an image is no longer kept.
     *
     * @param stopped looked at while the job waits for its turn
     */
    Fitted.Source of(String tenantId, GenerationInput input, BooleanSupplier stopped) {
        return manifest -> {
            awaitTurn(stopped);
            try {
                return new Originals(picture(tenantId, input, "image"), picture(tenantId, input, "mask"))
                        .fitted(manifest);
            } catch (IOException e) {
                throw new Unreadable(e);
            } finally {
                turns.release();
            }
        };
    }

    private void awaitTurn(BooleanSupplier stopped) throws InterruptedException {
        while (!turns.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
            if (stopped.getAsBoolean()) {
                throw new EvaluationStopped.LeaseLost();
            }
        }
    }

    private Picture picture(String tenantId, GenerationInput input, String field) throws IOException {
        if (!(input.options().get(field) instanceof String name)) {
            return null;
        }
        ImageDigest digest = ImageDigest.of(name).orElseThrow(() -> gone(field));
        String key = key(tenantId, digest).orElseThrow(() -> gone(field));
        byte[] png = read(key);
        if (!ImageDigest.of(png).equals(digest)) {
            throw new IOException("the store's " + key + " is not what was kept");
        }
        return PictureFile.read(png);
    }

    private Optional<String> key(String tenantId, ImageDigest digest) throws IOException {
        try {
            return jobs.image(tenantId, digest);
        } catch (JdbiException e) {
            if (Transient.is(e)) {
                throw new IOException("Postgres is away", e);
            }
            throw e;
        }
    }

    private byte[] read(String key) throws IOException {
        long size = objects.size(key).orElseThrow(() -> new IOException("the object store has no " + key));
        try (InputStream in = objects.open(key, 0, size - 1)) {
            return in.readAllBytes();
        }
    }

    private static UnservableJob gone(String field) {
        return UnservableJob.anywhere(new JobError("image_gone", "the job's " + field + " is no longer kept"));
    }
}
