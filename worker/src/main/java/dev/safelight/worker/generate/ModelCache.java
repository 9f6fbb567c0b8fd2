package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models on one device: loaded when a job needs them, put away, least recently used first, when there is no room for
 * another. A model that a job uses stays. Loading has a thread of its own, so running jobs go on meanwhile; only the new
 * network's first calls take turns with theirs. When a model that is wanted finds no room because all others are in use,
 * whoever comes later waits behind it, so that their jobs end and it gets its turn.
 */
public final class ModelCache implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ModelCache.class);

    private final Loader loader;
    private final long budget;
    private final Set<String> pinned;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<String, Entry> entries = new HashMap<>();
    private final Deque<Request> requests = new ArrayDeque<>();
    private final Thread thread;
    private boolean crowded;
    private boolean closed;
    private long clock;

    /** Puts bundles on a device and takes them off again. */
    public interface Loader {
        /**
         * @throws BundleException when the bundle itself is bad
         * @throws RuntimeException otherwise, when it may be loaded another time, or elsewhere
         */
        Loaded load(Bundle bundle);

        void unload(Model model);

        /** Bytes that a bundle is likely to need, before it is loaded. */
        long estimate(Bundle bundle);
    }

    /** @param bytes that the model was seen to take */
    public record Loaded(Model model, long bytes) {}

    private final class Lent implements Loan {
        private final Entry entry;
        private boolean closed;

        private Lent(Entry entry) {
            this.entry = entry;
        }

        @Override
        public Model model() {
            return entry.loaded.model();
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (!closed) {
                    closed = true;
                    entry.users--;
                    changed.signalAll();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private static final class Entry {
        final Loaded loaded;
        int users;
        long lastUse;

        Entry(Loaded loaded) {
            this.loaded = loaded;
        }
    }

    private record Request(Bundle bundle, CompletableFuture<Loan> loan) {}

    /**
     * @param budget bytes that all models together may take; 0 for no limit. One that alone takes more is loaded all the
     *     same, with nothing beside it
     * @param pinned names of models that are never put away
     */
    public ModelCache(Loader loader, long budget, Collection<String> pinned) {
        this.loader = loader;
        this.budget = budget;
        this.pinned = Set.copyOf(pinned);
        this.thread = Thread.ofPlatform().name("model-loader").daemon().start(this::loop);
    }

    /** Asks for a model; in a cache that is closed, in vain. */
    public Wish borrow(Bundle bundle) {
        CompletableFuture<Loan> loan = new CompletableFuture<>();
        loan.whenComplete((_, _) -> wake()); // the loader may be waiting on behalf of somebody who has gone
        lock.lock();
        try {
            Entry entry = entries.get(bundle.version());
            if (closed) {
                loan.cancel(false);
            } else if (entry != null && (!crowded || pinned.contains(bundle.name()))) {
                loan.complete(lend(entry));
            } else {
                requests.add(new Request(bundle, loan));
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
        return new Wish(loan);
    }

    /** Whether it would fit beside what is loaded. */
    public boolean hasRoomFor(Bundle bundle) {
        return fits(loader.estimate(bundle));
    }

    /** The models that are loaded. */
    public List<Model> loaded() {
        lock.lock();
        try {
            return entries.values().stream().map(entry -> entry.loaded.model()).toList();
        } finally {
            lock.unlock();
        }
    }

    /** Bytes that the loaded models take. */
    public long bytes() {
        lock.lock();
        try {
            return entries.values().stream()
                    .mapToLong(entry -> entry.loaded.bytes())
                    .sum();
        } finally {
            lock.unlock();
        }
    }

    private void wake() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private Loan lend(Entry entry) {
        entry.users++;
        entry.lastUse = ++clock;
        return new Lent(entry);
    }

    private void loop() {
        Request request;
        while ((request = next()) != null) {
            try {
                grant(request, entry(request));
            } catch (BundleException e) {
                request.loan().completeExceptionally(e);
            } catch (RuntimeException | Error e) {
                LOG.error("loading {} failed", request.bundle().name(), e);
                request.loan().completeExceptionally(e);
            }
        }
    }

    private Request next() {
        lock.lock();
        try {
            while (requests.isEmpty() && !closed) {
                changed.awaitUninterruptibly();
            }
            return closed ? null : requests.poll();
        } finally {
            lock.unlock();
        }
    }

    /** Lends, unless whoever asked has gone, or the cache is closing. */
    private void grant(Request request, Optional<Entry> entry) {
        if (entry.isEmpty()) {
            request.loan().cancel(false);
            return;
        }
        Loan loan;
        lock.lock();
        try {
            loan = lend(entry.get());
        } finally {
            lock.unlock();
        }
        if (!request.loan().complete(loan)) {
            loan.close();
        }
    }

    /** The entry of what is asked for, loaded if it was not; empty when nobody wants it any more. */
    private Optional<Entry> entry(Request request) {
        Bundle bundle = request.bundle();
        lock.lock();
        try {
            Entry entry = entries.get(bundle.version());
            if (entry != null) {
                return Optional.of(entry);
            }
        } finally {
            lock.unlock();
        }
        if (!makeRoom(loader.estimate(bundle), request)) {
            return Optional.empty();
        }
        long started = System.nanoTime();
        Loaded loaded = loader.load(bundle);
        LOG.info(
                "loaded {} in {} ms; it takes {} MB",
                bundle.name(),
                (System.nanoTime() - started) / 1_000_000,
                loaded.bytes() >> 20);
        Entry entry = new Entry(loaded);
        lock.lock();
        try {
            entries.put(bundle.version(), entry);
            entry.lastUse = ++clock;
        } finally {
            lock.unlock();
        }
        evict(0, entry);
        return Optional.of(entry);
    }

    /** Waits until the new one fits, or nothing is left to be put away. @return false when nobody wants it any more */
    private boolean makeRoom(long needed, Request request) {
        boolean wanted = isWanted(request);
        while (wanted) {
            evict(needed, null);
            lock.lock();
            try {
                boolean inUse = entries.values().stream().anyMatch(entry -> entry.users > 0 && !isPinned(entry));
                crowded = inUse && !fits(needed);
                if (!crowded) {
                    return true;
                }
                if (isWanted(request)) {
                    changed.awaitUninterruptibly();
                }
                wanted = isWanted(request);
                crowded = wanted;
            } finally {
                lock.unlock();
            }
        }
        return false;
    }

    private boolean isWanted(Request request) {
        lock.lock();
        try {
            return !closed && !request.loan().isDone();
        } finally {
            lock.unlock();
        }
    }

    private boolean fits(long needed) {
        return budget == 0 || bytes() + needed <= budget;
    }

    /** Puts models away that nobody uses, least recently used first, until so much fits beside the rest. */
    private void evict(long needed, Entry spared) {
        List<Entry> gone = new ArrayList<>();
        lock.lock();
        try {
            while (!fits(needed)) {
                Optional<Entry> oldest = entries.values().stream()
                        .filter(entry -> entry != spared && entry.users == 0 && !isPinned(entry))
                        .min(Comparator.comparingLong(entry -> entry.lastUse));
                if (oldest.isEmpty()) {
                    break;
                }
                entries.values().remove(oldest.get());
                gone.add(oldest.get());
            }
        } finally {
            lock.unlock();
        }
        for (Entry entry : gone) {
            LOG.info("put {} away", entry.loaded.model().bundle().name());
            loader.unload(entry.loaded.model());
        }
    }

    private boolean isPinned(Entry entry) {
        return pinned.contains(entry.loaded.model().bundle().name());
    }

    /** Ends the loader's thread after what it loads now; the models stay where they are until the engine closes. */
    @Override
    public void close() {
        List<Request> left;
        lock.lock();
        try {
            closed = true;
            left = List.copyOf(requests);
            requests.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        left.forEach(request -> request.loan().cancel(false));
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
