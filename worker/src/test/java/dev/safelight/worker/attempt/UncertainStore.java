package dev.safelight.worker.attempt;

import dev.safelight.common.store.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A real store that fails its first puts, or all of them. */
final class UncertainStore implements ObjectStore {
    private final ObjectStore store;
    private final AtomicInteger puts = new AtomicInteger();
    private volatile int failures;
    private volatile Runnable atFailure = () -> {};
    private volatile Runnable atOpening = () -> {};

    UncertainStore(ObjectStore store) {
        this.store = store;
    }

    /** @param first so many puts fail from now on @param meanwhile done before each failure is told */
    void fails(int first, Runnable meanwhile) {
        puts.set(0);
        failures = first;
        atFailure = meanwhile;
    }

    /** @param meanwhile done before something is read */
    void opens(Runnable meanwhile) {
        atOpening = meanwhile;
    }

    int puts() {
        return puts.get();
    }

    @Override
    public void put(String key, byte[] bytes, String contentType) throws IOException {
        if (puts.incrementAndGet() <= failures) {
            atFailure.run();
            throw new IOException("the store is away");
        }
        store.put(key, bytes, contentType);
    }

    @Override
    public InputStream open(String key, long first, long last) throws IOException {
        atOpening.run();
        return store.open(key, first, last);
    }

    @Override
    public Optional<Long> size(String key) throws IOException {
        return store.size(key);
    }

    @Override
    public void delete(String key) throws IOException {
        store.delete(key);
    }

    @Override
    public Stream<Entry> list(String prefix) throws IOException {
        return store.list(prefix);
    }

    @Override
    public Optional<URI> presign(String key, String contentType, Duration validity) {
        return store.presign(key, contentType, validity);
    }

    @Override
    public String identity() throws IOException {
        return store.identity();
    }

    @Override
    public void close() {
        store.close();
    }
}
