package dev.safelight.worker.attempt;

import dev.safelight.common.job.JobError;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.request.ImageDigest;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.encode.PictureFile;
import dev.safelight.worker.generate.Originals;
import dev.safelight.worker.store.JobStore;
import dev.safelight.worker.store.Transient;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.jdbi.v3.core.JdbiException;

/** Gets the images that a job is made from. Every attempt gets the same bytes: it is their digest that the job names. */
final class OriginalImages {
    private final JobStore jobs;
    private final ObjectStore objects;

    OriginalImages(JobStore jobs, ObjectStore objects) {
        this.jobs = jobs;
        this.objects = objects;
    }

    /**
     * @throws IOException when the store or Postgres is away, or the store has other bytes than were kept
     * @throws UnservableJob when an image is no longer kept
     */
    Originals load(String tenantId, GenerationInput input) throws IOException {
        return new Originals(picture(tenantId, input, "image"), picture(tenantId, input, "mask"));
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
