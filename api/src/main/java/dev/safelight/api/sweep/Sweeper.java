package dev.safelight.api.sweep;

import dev.safelight.api.relay.WakeableLoop;
import dev.safelight.common.store.CheckpointKey;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.FileKey;
import dev.safelight.common.store.InputImageKey;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.OutputKey;
import dev.safelight.common.store.Sql;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes outputs that no job will ever show: those of attempts that lost, of deleted jobs, and those whose time is over;
 * and checkpoints that no job will go on from. It walks the store again and again, because a worker that was paused may
 * write its images hours after its job has ended. Every API process
 * runs one; a lock lets one walk at a time, which saves work and nothing else.
 */
public final class Sweeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Sweeper.class);
    private static final String TRY_LOCK = Sql.of(Sweeper.class, "try_lock");
    private static final String UNLOCK = Sql.of(Sweeper.class, "unlock");
    private static final String ABANDONED = Sql.of(Sweeper.class, "abandoned");
    private static final String UNREFERENCED = Sql.of(Sweeper.class, "unreferenced_checkpoints");
    private static final String EXPIRE = Sql.of(Sweeper.class, "expire");
    private static final String EXPIRE_FILES = Sql.of(Sweeper.class, "expire_files");
    private static final String UNREFERENCED_FILES = Sql.of(Sweeper.class, "unreferenced_files");
    private static final String EXPIRE_IMAGES = Sql.of(Sweeper.class, "expire_images");
    private static final String UNREFERENCED_IMAGES = Sql.of(Sweeper.class, "unreferenced_images");
    private static final int BATCH = 500;

    private final Jdbi jdbi;
    private final ObjectStore store;
    private final SweepSettings settings;
    private final Clock clock;
    private final Counter swept;
    private final Counter expired;
    private final WakeableLoop loop;

    public Sweeper(Database database, ObjectStore store, SweepSettings settings, Clock clock, MeterRegistry meters) {
        this.jdbi = database.jdbi();
        this.store = store;
        this.settings = settings;
        this.clock = clock;
        this.swept = meters.counter("safelight.swept");
        this.expired = meters.counter("safelight.outputs.expired");
        this.loop = new WakeableLoop("sweeper", settings.interval(), settings.interval(), () -> {
            runOnce();
            return true;
        });
    }

    public void start() {
        loop.start();
    }

    /**
     * Walks through the store once, unless somebody else does.
     *
     * @return how many objects were removed
     */
    public int runOnce() {
        // The lock belongs to the connection and not to a transaction: a walk may take minutes, and a transaction
        // as long would keep Postgres from cleaning up behind every other one.
        return jdbi.withHandle(handle -> {
            if (!handle.createQuery(TRY_LOCK).mapTo(boolean.class).one()) {
                return 0;
            }
            try {
                return expire(handle)
                        + sweep(handle)
                        + sweepCheckpoints(handle)
                        + sweepFiles(handle)
                        + sweepImages(handle);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                handle.createQuery(UNLOCK).mapTo(boolean.class).one();
            }
        });
    }

    @Override
    public void close() {
        loop.close();
    }

    /**
     * Gives up outputs and uploads whose time is over. The rows go first, as with a deleted job: if this process dies before it has
     * removed the objects, the walk finds them, because no row of theirs shows them any more.
     */
    private int expire(Handle handle) {
        return expire(handle, EXPIRE, "outputs")
                + expire(handle, EXPIRE_FILES, "uploads")
                + expire(handle, EXPIRE_IMAGES, "images of jobs");
    }

    private int expire(Handle handle, String statement, String what) {
        int removed = 0;
        List<String> due;
        do {
            due = handle.createQuery(statement)
                    .bind("most", BATCH)
                    .mapTo(String.class)
                    .list();
            for (String path : due) {
                try {
                    store.delete(path);
                } catch (IOException e) {
                    LOG.warn("{} is left to the walk through the store: {}", path, e.getMessage());
                }
            }
            expired.increment(due.size());
            removed += due.size();
        } while (due.size() == BATCH);
        if (removed > 0) {
            LOG.info("removed {} {} whose time was over", removed, what);
        }
        return removed;
    }

    private record Found(String path, OutputKey key) {}

    private int sweep(Handle handle) throws IOException {
        Instant before = clock.instant().minus(settings.age());
        int removed = 0;
        try (Stream<ObjectStore.Entry> entries = store.list(OutputKey.PREFIX)) {
            Iterator<Found> old = entries.filter(entry -> entry.writtenAt().isBefore(before))
                    // What is no output's key was put there by somebody else, who may still want it.
                    .flatMap(entry -> OutputKey.parse(entry.key()).map(key -> new Found(entry.key(), key)).stream())
                    .iterator();
            while (old.hasNext()) {
                removed += removeAbandoned(handle, next(old));
            }
        }
        if (removed > 0) {
            LOG.info("removed {} outputs of attempts that lost and of deleted jobs", removed);
        }
        return removed;
    }

    /** A checkpoint is referred to a moment after it was written, or never; losing one costs a job its steps at worst. */
    private int sweepCheckpoints(Handle handle) throws IOException {
        Instant before = clock.instant().minus(settings.age());
        int removed = 0;
        try (Stream<ObjectStore.Entry> entries = store.list(CheckpointKey.PREFIX)) {
            Iterator<String> old = entries.filter(entry -> entry.writtenAt().isBefore(before))
                    .map(ObjectStore.Entry::key)
                    .iterator();
            while (old.hasNext()) {
                List<String> unreferenced = handle.createQuery(UNREFERENCED)
                        .bindArray("paths", String.class, next(old))
                        .mapTo(String.class)
                        .list();
                for (String path : unreferenced) {
                    store.delete(path);
                    swept.increment();
                }
                removed += unreferenced.size();
            }
        }
        return removed;
    }

    /** Objects of uploads whose process died before it had written the row, or before it had removed the object. */
    private int sweepFiles(Handle handle) throws IOException {
        Instant before = clock.instant().minus(settings.age());
        int removed = 0;
        try (Stream<ObjectStore.Entry> entries = store.list(FileKey.PREFIX)) {
            Iterator<FileKey> old = entries.filter(entry -> entry.writtenAt().isBefore(before))
                    .flatMap(entry -> FileKey.parse(entry.key()).stream())
                    .iterator();
            while (old.hasNext()) {
                List<FileKey> batch = next(old);
                List<String> unreferenced = handle.createQuery(UNREFERENCED_FILES)
                        .bindArray(
                                "paths",
                                String.class,
                                batch.stream().map(FileKey::path).toList())
                        .bindArray(
                                "tenants",
                                String.class,
                                batch.stream().map(FileKey::tenantId).toList())
                        .bindArray(
                                "files",
                                UUID.class,
                                batch.stream().map(FileKey::fileId).toList())
                        .mapTo(String.class)
                        .list();
                for (String path : unreferenced) {
                    store.delete(path);
                    swept.increment();
                }
                removed += unreferenced.size();
            }
        }
        return removed;
    }

    /** Objects of images whose process died before it had written the row, or before it had removed the object. */
    private int sweepImages(Handle handle) throws IOException {
        Instant before = clock.instant().minus(settings.age());
        int removed = 0;
        try (Stream<ObjectStore.Entry> entries = store.list(InputImageKey.PREFIX)) {
            Iterator<InputImageKey> old = entries.filter(
                            entry -> entry.writtenAt().isBefore(before))
                    .flatMap(entry -> InputImageKey.parse(entry.key()).stream())
                    .iterator();
            while (old.hasNext()) {
                List<InputImageKey> batch = next(old);
                List<String> unreferenced = handle.createQuery(UNREFERENCED_IMAGES)
                        .bindArray(
                                "paths",
                                String.class,
                                batch.stream().map(InputImageKey::path).toList())
                        .bindArray(
                                "tenants",
                                String.class,
                                batch.stream().map(InputImageKey::tenantId).toList())
                        .bindArray(
                                "digests",
                                String.class,
                                batch.stream().map(InputImageKey::sha256).toList())
                        .mapTo(String.class)
                        .list();
                for (String path : unreferenced) {
                    store.delete(path);
                    swept.increment();
                }
                removed += unreferenced.size();
            }
        }
        return removed;
    }

    private int removeAbandoned(Handle handle, List<Found> batch) throws IOException {
        List<String> abandoned = handle.createQuery(ABANDONED)
                .bindArray(
                        "paths", String.class, batch.stream().map(Found::path).toList())
                .bindArray(
                        "tenants",
                        String.class,
                        batch.stream()
                                .map(found -> found.key().fence().job().tenantId())
                                .toList())
                .bindArray(
                        "jobs",
                        UUID.class,
                        batch.stream()
                                .map(found -> found.key().fence().job().jobId())
                                .toList())
                .bindArray(
                        "attempts",
                        Integer.class,
                        batch.stream()
                                .map(found -> found.key().fence().attempt())
                                .toList())
                .mapTo(String.class)
                .list();
        for (String path : abandoned) {
            store.delete(path);
            swept.increment();
        }
        return abandoned.size();
    }

    private static <T> List<T> next(Iterator<T> old) {
        return Stream.generate(() -> old.hasNext() ? old.next() : null)
                .takeWhile(found -> found != null)
                .limit(BATCH)
                .toList();
    }
}
