package dev.safelight.common.bundle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A models folder that may change while the process runs: bundles are added, replaced and removed without a restart.
 * Looking costs a listing and reads only what is new, so whoever asks gets what is there now, or was a moment ago. Put a
 * bundle there under another name and rename the folder when it is whole; {@code model.json} last will do as well. Safe
 * from any thread.
 */
public final class BundleShelf {
    private static final Logger LOG = LoggerFactory.getLogger(BundleShelf.class);

    private final Path models;
    private final long freshNanos;
    private final LongSupplier nanoTime;
    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicBoolean looking = new AtomicBoolean();
    private Map<Path, Seen> seen = new HashMap<>();
    private volatile long lookedAt;
    private volatile BundleLibrary library = BundleLibrary.of(List.of(), List.of());

    /** A manifest as it was when it was read; bad where it could not be. */
    private record Seen(FileTime modified, long size, Bundle bundle, BadBundle bad) {}

    /** Nothing is known of it: the next look reads it. */
    private static final Seen UNREAD = new Seen(FileTime.fromMillis(0), -1, null, null);

    /**
     * @param fresh what was seen so long ago need not be looked at again
     * @throws BundleException when the folder cannot be listed
     */
    public static BundleShelf open(Path models, Duration fresh, LongSupplier nanoTime) {
        BundleLibrary.folders(models); // that it can be listed
        BundleShelf shelf = new BundleShelf(models, fresh, nanoTime);
        shelf.look();
        return shelf;
    }

    private BundleShelf(Path models, Duration fresh, LongSupplier nanoTime) {
        this.models = models;
        this.freshNanos = fresh.toNanos();
        this.nanoTime = nanoTime;
    }

    /** What is there. The same object while nothing has changed. */
    public BundleLibrary contents() {
        // One looks, the others need not wait for it.
        if (isStale() && lock.tryLock()) {
            try {
                lookNow();
            } finally {
                lock.unlock();
            }
        }
        return library;
    }

    /**
     * What was there when it was last looked at: whoever asks this is not held up by a folder that hangs. Where that was too
     * long ago, another look begins, on a thread of its own.
     */
    public BundleLibrary known() {
        if (isStale() && looking.compareAndSet(false, true)) {
            Thread.ofPlatform().name("models-folder").daemon().start(() -> {
                try {
                    look();
                } finally {
                    looking.set(false);
                }
            });
        }
        return library;
    }

    private boolean isStale() {
        return nanoTime.getAsLong() - lookedAt >= freshNanos;
    }

    /** What is there now, however fresh the last look is. */
    public BundleLibrary look() {
        lock.lock();
        try {
            lookNow();
        } finally {
            lock.unlock();
        }
        return library;
    }

    private void lookNow() {
        lookedAt = nanoTime.getAsLong();
        Map<Path, Seen> now = new HashMap<>();
        try {
            for (Path folder : BundleLibrary.folders(models)) {
                now.put(folder, see(folder));
            }
        } catch (BundleException e) {
            LOG.warn("the models stay as they were: {}", e.getMessage());
            return;
        }
        if (!now.equals(seen)) {
            List<Bundle> bundles = new ArrayList<>();
            List<BadBundle> bad = new ArrayList<>();
            for (Seen manifest : now.values()) {
                if (manifest.bundle() != null) {
                    bundles.add(manifest.bundle());
                }
                if (manifest.bad() != null) {
                    bad.add(manifest.bad());
                }
            }
            seen = now;
            library = BundleLibrary.of(bundles, bad);
        }
    }

    private Seen see(Path folder) {
        Path manifest = folder.resolve("model.json");
        FileTime modified;
        long size;
        try {
            BasicFileAttributes attributes = Files.readAttributes(manifest, BasicFileAttributes.class);
            modified = attributes.lastModifiedTime();
            size = attributes.size();
        } catch (IOException e) {
            return UNREAD; // gone since it was listed
        }
        Seen before = seen.get(folder);
        if (before != null && before.modified().equals(modified) && before.size() == size) {
            return before;
        }
        try {
            return new Seen(modified, size, BundleReader.read(folder), null);
        } catch (UncheckedIOException e) {
            if (before != UNREAD) {
                LOG.warn("a bundle will be looked for again: {}", e.getMessage());
            }
            return UNREAD;
        } catch (RuntimeException e) {
            return new Seen(modified, size, null, BundleLibrary.bad(folder, e));
        }
    }
}
