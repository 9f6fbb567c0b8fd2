package dev.safelight.api.file;

import dev.safelight.common.request.ImageDigest;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.FileKey;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.Sql;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Uploaded images: their rows, and their bytes in the object store. */
public final class FileStore {
    private static final Logger LOG = LoggerFactory.getLogger(FileStore.class);
    private static final String INSERT = Sql.of(FileStore.class, "insert");
    private static final String FIND = Sql.of(FileStore.class, "find");
    private static final String DELETE = Sql.of(FileStore.class, "delete");
    private static final String PNG = "image/png";

    private final Jdbi jdbi;
    private final ObjectStore store;

    public FileStore(Database database, ObjectStore store) {
        this.jdbi = database.jdbi();
        this.store = store;
    }

    /**
     * Stores the bytes and then the row, so that what is listed can be had. A process that dies in between leaves an
     * object that nobody refers to, for the sweeper.
     *
     * @param most how many the tenant may have
     * @return empty where it has as many
     */
    Optional<FileRow> keep(FileKey key, Normalised image, Duration time, int most) throws IOException {
        store.put(key.path(), image.png(), PNG);
        Optional<FileRow> row = jdbi.withHandle(handle -> handle.createQuery(INSERT)
                .bind("tenant_id", key.tenantId())
                .bind("file_id", key.fileId())
                .bind("object_key", key.path())
                .bind("content_type", PNG)
                .bind("width", image.width())
                .bind("height", image.height())
                .bind("bytes", image.png().length)
                .bind("sha256", ImageDigest.of(image.png()).sha256())
                .bind("expires_in", time.toSeconds())
                .bind("most", most)
                .map(FileRow::map)
                .findOne());
        if (row.isEmpty()) {
            remove(key.path());
        }
        return row;
    }

    Optional<FileRow> find(String tenantId, UUID id) {
        return jdbi.withHandle(handle -> handle.createQuery(FIND)
                .bind("tenant_id", tenantId)
                .bind("file_id", id)
                .map(FileRow::map)
                .findOne());
    }

    /** The row first: a row without its bytes would be a lie. @return whether there was one */
    boolean delete(String tenantId, UUID id) {
        Optional<String> objectKey = jdbi.withHandle(handle -> handle.createQuery(DELETE)
                .bind("tenant_id", tenantId)
                .bind("file_id", id)
                .mapTo(String.class)
                .findOne());
        objectKey.ifPresent(this::remove);
        return objectKey.isPresent();
    }

    private void remove(String objectKey) {
        try {
            store.delete(objectKey);
        } catch (IOException e) {
            LOG.warn("{} is left to the sweeper: {}", objectKey, e.getMessage());
        }
    }
}
