package dev.safelight.api.file;

import dev.safelight.common.request.ImageDigest;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.InputImageKey;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.Sql;
import java.io.IOException;
import java.time.Duration;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * The images that jobs are made from: each is there once a tenant, under its digest, for as long as a job names it. Between
 * its keeping and the job's insert a grace holds it; a process that dies in between leaves an image that nobody names.
 */
final class InputImageStore {
    private static final String HELD = Sql.of(InputImageStore.class, "held_image");
    private static final String HOLD = Sql.of(InputImageStore.class, "hold_image");
    private static final String INSERT = Sql.of(InputImageStore.class, "insert_image");
    private static final String PNG = "image/png";
    /** Longer than any request takes, or a client that wants to repeat a job thinks. */
    private static final Duration GRACE = Duration.ofHours(1);

    private final Jdbi jdbi;
    private final ObjectStore store;

    InputImageStore(Database database, ObjectStore store) {
        this.jdbi = database.jdbi();
        this.store = store;
    }

    /** Whether it is there, and then stays for the grace. */
    boolean hold(String tenantId, ImageDigest digest) {
        return jdbi.withHandle(handle -> found(handle, HELD, tenantId, digest, GRACE.dividedBy(2))
                || found(handle, HOLD, tenantId, digest, GRACE));
    }

    private static boolean found(Handle handle, String statement, String tenantId, ImageDigest digest, Duration time) {
        return handle.createQuery(statement)
                .bind("tenant_id", tenantId)
                .bind("sha256", digest.sha256())
                .bind("seconds", time.toSeconds())
                .mapTo(String.class)
                .findOne()
                .isPresent();
    }

    /** Makes the bytes durable, then the row, so that what a job can name can be had. */
    ImageDigest keep(String tenantId, Normalised image) throws IOException {
        ImageDigest digest = ImageDigest.of(image.png());
        if (hold(tenantId, digest)) {
            return digest;
        }
        String path = new InputImageKey(tenantId, digest.sha256(), UUID.randomUUID()).path();
        store.put(path, image.png(), PNG);
        String kept = jdbi.withHandle(handle -> handle.createQuery(INSERT)
                .bind("tenant_id", tenantId)
                .bind("sha256", digest.sha256())
                .bind("object_key", path)
                .bind("width", image.width())
                .bind("height", image.height())
                .bind("bytes", image.png().length)
                .bind("seconds", GRACE.toSeconds())
                .mapTo(String.class)
                .one());
        if (!kept.equals(path)) {
            store.delete(path);
        }
        return digest;
    }
}
