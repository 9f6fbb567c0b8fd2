package dev.safelight.worker.checkpoint;

import dev.safelight.common.job.Fence;
import dev.safelight.common.store.CheckpointKey;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.worker.store.CheckpointStore;
import dev.safelight.worker.store.CheckpointStore.Content;
import dev.safelight.worker.store.CheckpointStore.Saved;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves where the walks of this worker are, again and again, on a thread of its own: a walk only leaves its latest state
 * where this finds it. What cannot be saved costs steps should the worker die, and nothing else, so nobody waits for it
 * and no job fails of it.
 */
public final class Checkpoints implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);
    private static final String CONTENT_TYPE = "application/octet-stream";
    /** Rounds that take long, because the states are large or the store is slow, come more rarely; within bounds. */
    private static final int REST_FACTOR = 4;

    private static final int MOST_INTERVALS = 5;
    /** Bytes that one statement carries. */
    private static final int STATEMENT = 4 << 20;

    private final CheckpointStore store;
    private final ObjectStore objects;
    private final Duration interval;
    private final int mostInline;
    private final Map<Fence, Kept> kept = new ConcurrentHashMap<>();
    private final Thread thread;
    private final Timer rounds;
    private final Counter written;
    private boolean failing;
    private volatile boolean closed;

    /** What is known of a job's checkpoint. */
    private static final class Kept {
        final Supplier<Optional<Checkpoint>> source;
        volatile long advance = -1;
        volatile String key;

        Kept(Supplier<Optional<Checkpoint>> source) {
            this.source = source;
        }
    }

    /**
     * @param interval between two rounds; zero saves only what is handed back
     * @param mostInline bytes of the largest checkpoint that goes into a row; larger ones go to the object store
     */
    public Checkpoints(
            CheckpointStore store, ObjectStore objects, Duration interval, int mostInline, MeterRegistry meters) {
        this.store = store;
        this.objects = objects;
        this.interval = interval;
        this.mostInline = mostInline;
        this.rounds = meters.timer("safelight.checkpoint.rounds");
        this.written = meters.counter("safelight.checkpoints");
        this.thread = Thread.ofVirtual().name("checkpoints").unstarted(this::loop);
    }

    public void start() {
        if (!interval.isZero()) {
            thread.start();
        }
    }

    /**
     * What an earlier attempt left of a job; empty when there is nothing, or nothing that can be read.
     *
     * @param fence of an attempt that has just begun, after {@link #add}
     */
    public Optional<Checkpoint> load(Fence fence) {
        if (fence.attempt() == 1) {
            return Optional.empty();
        }
        try {
            Optional<Content> content = store.load(fence);
            if (content.isEmpty()) {
                return Optional.empty();
            }
            Kept job = kept.get(fence);
            if (job != null && content.get() instanceof Content.Stored(String key)) {
                job.key = key; // to be removed when this attempt has saved its own
            }
            return Optional.of(Checkpoint.read(
                    switch (content.get()) {
                        case Content.Inline(byte[] bytes) -> bytes;
                        case Content.Stored(String key) -> fetch(key);
                    }));
        } catch (IOException | RuntimeException e) {
            LOG.warn(
                    "job {} starts over, its checkpoint cannot be read: {}",
                    fence.job().jobId(),
                    e.toString());
            return Optional.empty();
        }
    }

    private byte[] fetch(String key) throws IOException {
        long size = objects.size(key).orElseThrow(() -> new IOException("the object store has no " + key));
        try (InputStream in = objects.open(key, 0, size - 1)) {
            return in.readAllBytes();
        }
    }

    /** Notes, for people, that an attempt went on from a step. */
    public void resumed(Fence fence, int step) {
        LOG.info("job {} goes on from step {}", fence.job().jobId(), step);
        try {
            store.resumed(fence, step);
        } catch (RuntimeException e) {
            LOG.info("cannot note that job {} was resumed: {}", fence.job().jobId(), e.toString());
        }
    }

    /**
     * From now on the job is saved.
     *
     * @param source where its walks are, from any thread; empty before they have begun
     */
    public void add(Fence fence, Supplier<Optional<Checkpoint>> source) {
        kept.put(fence, new Kept(source));
    }

    /** The attempt is over. @param ended whether the job is, too: nobody will go on from its checkpoint */
    public void remove(Fence fence, boolean ended) {
        Kept last = kept.remove(fence);
        if (last != null && ended) {
            delete(last.key);
        }
    }

    /**
     * Saves a job now, on the caller's thread: it is about to be handed back, and its walks have stopped.
     *
     * @throws org.jdbi.v3.core.JdbiException when Postgres is out of reach
     */
    public void save(Fence fence) {
        Kept job = kept.get(fence);
        if (job != null) {
            checkpoint(fence, job).ifPresent(saved -> write(List.of(saved)));
        }
    }

    /** Saves every job that has come on since the last round. */
    public void runOnce() {
        List<Saved> batch = new ArrayList<>();
        long bytes = 0;
        for (Map.Entry<Fence, Kept> job : kept.entrySet()) {
            Optional<Saved> saved = checkpoint(job.getKey(), job.getValue());
            if (saved.isEmpty()) {
                continue;
            }
            batch.add(saved.get());
            bytes += saved.get().content() instanceof Content.Inline(byte[] content) ? content.length : 0;
            if (bytes >= STATEMENT) {
                write(batch);
                batch.clear();
                bytes = 0;
            }
        }
        if (!batch.isEmpty()) {
            write(batch);
        }
    }

    private Optional<Saved> checkpoint(Fence fence, Kept job) {
        Optional<Checkpoint> checkpoint = job.source.get().filter(found -> found.advance() > job.advance);
        if (checkpoint.isEmpty()) {
            return Optional.empty();
        }
        byte[] bytes = checkpoint.get().bytes();
        long advance = checkpoint.get().advance();
        try {
            return Optional.of(new Saved(fence, advance, content(fence, advance, bytes)));
        } catch (IOException e) {
            LOG.warn(
                    "cannot save job {} at step {}: {}",
                    fence.job().jobId(),
                    checkpoint.get().step(),
                    e.toString());
            return Optional.empty();
        }
    }

    private Content content(Fence fence, long advance, byte[] bytes) throws IOException {
        if (bytes.length <= mostInline) {
            return new Content.Inline(bytes);
        }
        String key = new CheckpointKey(fence, advance).path();
        objects.put(key, bytes, CONTENT_TYPE);
        return new Content.Stored(key);
    }

    private void write(List<Saved> batch) {
        Set<Fence> accepted = store.save(batch);
        written.increment(accepted.size());
        for (Saved saved : batch) {
            String key = saved.content() instanceof Content.Stored(String path) ? path : null;
            Kept job = kept.get(saved.fence());
            if (job == null || !accepted.contains(saved.fence())) {
                continue; // the sweeper has what it left in the store
            }
            String before = job.key;
            job.advance = saved.advance();
            job.key = key;
            if (before != null && !before.equals(key)) {
                delete(before);
            }
        }
    }

    private void delete(String key) {
        if (key == null) {
            return;
        }
        try {
            objects.delete(key);
        } catch (IOException e) {
            LOG.info("cannot remove {}, the sweeper will: {}", key, e.toString());
        }
    }

    private void loop() {
        while (!closed) {
            long started = System.nanoTime();
            try {
                runOnce();
                failing = false;
            } catch (RuntimeException e) {
                if (!failing && !closed) {
                    LOG.warn("cannot save where the jobs are: {}", e.toString());
                }
                failing = true;
            }
            Duration took = Duration.ofNanos(System.nanoTime() - started);
            rounds.record(took);
            try {
                Thread.sleep(Duration.ofNanos(Math.clamp(
                        took.multipliedBy(REST_FACTOR).toNanos(),
                        interval.toNanos(),
                        interval.multipliedBy(MOST_INTERVALS).toNanos())));
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
