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
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.Query;
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
                        + sweepOutputs(handle)
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

    /** Of attempts that lost, and of deleted jobs. */
    private int sweepOutputs(Handle handle) throws IOException {
        return sweep(
                OutputKey.PREFIX,
                path -> OutputKey.parse(path).map(key -> new Found(path, key)),
                batch -> handle.createQuery(ABANDONED)
                        .bindArray("paths", String.class, all(batch, Found::path))
                        .bindArray(
                                "tenants",
                                String.class,
                                all(batch, found -> found.key().fence().job().tenantId()))
                        .bindArray(
                                "jobs",
                                UUID.class,
                                all(batch, found -> found.key().fence().job().jobId()))
                        .bindArray(
                                "attempts",
                                Integer.class,
                                all(batch, found -> found.key().fence().attempt())));
    }

    /** A checkpoint is referred to a moment after it was written, or never; losing one costs a job its steps at worst. */
    private int sweepCheckpoints(Handle handle) throws IOException {
        return sweep(
                CheckpointKey.PREFIX,
                Optional::of,
                batch -> handle.createQuery(UNREFERENCED).bindArray("paths", String.class, batch));
    }

    /** Of uploads whose process died before it had written the row, or before it had removed the object. */
    private int sweepFiles(Handle handle) throws IOException {
        return sweep(
                FileKey.PREFIX,
                FileKey::parse,
                batch -> handle.createQuery(UNREFERENCED_FILES)
                        .bindArray("paths", String.class, all(batch, FileKey::path))
                        .bindArray("tenants", String.class, all(batch, FileKey::tenantId))
                        .bindArray("files", UUID.class, all(batch, FileKey::fileId)));
    }

    /** Of images whose process died at such a moment. */
    private int sweepImages(Handle handle) throws IOException {
        return sweep(
                InputImageKey.PREFIX,
                InputImageKey::parse,
                batch -> handle.createQuery(UNREFERENCED_IMAGES)
                        .bindArray("paths", String.class, all(batch, InputImageKey::path))
                        .bindArray("tenants", String.class, all(batch, InputImageKey::tenantId))
                        .bindArray("digests", String.class, all(batch, InputImageKey::sha256)));
    }

    /**
     * Removes the old objects under a prefix that no row refers to.
     *
     * @param key of a path; empty for what somebody else put there, who may still want it
     * @param unreferenced asks which of them
     */
    private <K> int sweep(String prefix, Function<String, Optional<K>> key, Function<List<K>, Query> unreferenced)
            throws IOException {
        Instant before = clock.instant().minus(settings.age());
        int removed = 0;
        try (Stream<ObjectStore.Entry> entries = store.list(prefix)) {
            Iterator<K> old = entries.filter(entry -> entry.writtenAt().isBefore(before))
                    .flatMap(entry -> key.apply(entry.key()).stream())
                    .iterator();
            while (old.hasNext()) {
                List<String> paths =
                        unreferenced.apply(next(old)).mapTo(String.class).list();
                for (String path : paths) {
                    try {
                        store.delete(path);
                        swept.increment();
                        removed++;
                    } catch (IOException e) {
                        // One that does not go must not keep all behind it from going.
                        LOG.warn("{} is left to the next walk: {}", path, e.getMessage());
                    }
                }
            }
        }
        if (removed > 0) {
            LOG.info("removed {} objects of {} that nothing refers to", removed, prefix);
        }
        return removed;
    }

    private static <K, V> List<V> all(List<K> batch, Function<K, V> part) {
        return batch.stream().map(part).toList();
    }

    private static <T> List<T> next(Iterator<T> old) {
        return Stream.generate(() -> old.hasNext() ? old.next() : null)
                .takeWhile(found -> found != null)
                .limit(BATCH)
                .toList();
    }
}
