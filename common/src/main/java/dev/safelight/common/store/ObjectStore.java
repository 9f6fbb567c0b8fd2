package dev.safelight.common.store;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Keeps bytes, at least one, under keys. Keys are relative paths of letters, digits, dots, dashes, underscores and
 * slashes, see {@link ObjectKeys}; none is a folder of another. What is under a key is never changed: a second
 * {@link #put} of a key may only bring the same bytes.
 */
public interface ObjectStore extends AutoCloseable {
    /**
     * Stores the bytes durably: when this returns, they survive a crash. Readers see all of them or none.
     *
     * @throws StoreFullException when there is no room for them
     */
    void put(String key, byte[] bytes, String contentType) throws IOException;

    /**
     * Opens the bytes from {@code first} to {@code last} inclusive, both within the object.
     *
     * @throws java.nio.file.NoSuchFileException when there is no such key
     */
    InputStream open(String key, long first, long last) throws IOException;

    /** Size in bytes, or empty when there is no such key. */
    Optional<Long> size(String key) throws IOException;

    /** Removes the key; removing what is not there is fine. */
    void delete(String key) throws IOException;

    /**
     * The keys that begin with a prefix, with the time of their last write, in no order, read lazily; close the stream.
     * Reading may throw {@link java.io.UncheckedIOException}. What is written or deleted meanwhile may be listed or not.
     */
    Stream<Entry> list(String prefix) throws IOException;

    /** A URL that anybody can GET for so long, where the store can make one. */
    Optional<URI> presign(String key, String contentType, Duration validity);

    /** The same text for two processes if and only if they read and write the same objects; see {@link StoreClaim}. */
    String identity() throws IOException;

    @Override
    void close();

    record Entry(String key, Instant writtenAt) {}
}
