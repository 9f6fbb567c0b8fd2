package dev.safelight.common.store;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Objects as files of one folder. A write goes to {@code .partial}, is forced to the disk and then renamed, so that a
 * crash leaves the whole object or nothing. Several processes may use the folder at once.
 */
public final class FileObjectStore implements ObjectStore {
    /** Names that begin with a dot are the store's own: no key has such a segment. */
    static final String PARTIAL = ".partial";

    /** No write takes as long, so what is older was left by a process that died. */
    private static final Duration ABANDONED = Duration.ofHours(1);

    /**
     * How often a write makes its folder again when deleters, who saw it empty, take it away. Each time somebody else got
     * on, so so many in a row mean that something else is wrong.
     */
    private static final int ATTEMPTS = 1000;

    /** Remembering more folders would cost more memory than it saves time. */
    private static final int MOST_DURABLE = 10_000;

    private final Path root;
    private final Path partial;
    /** Folders whose names are known to be on the disk, so that the next image of a job need not force them again. */
    private final Set<Path> durable = ConcurrentHashMap.newKeySet();

    private FileObjectStore(Path root) {
        this.root = root;
        this.partial = root.resolve(PARTIAL);
    }

    /** Opens the folder, makes it where it is missing, and removes what interrupted writes left in it. */
    public static FileObjectStore open(Path folder, Clock clock) throws IOException {
        Files.createDirectories(folder);
        FileObjectStore store = new FileObjectStore(folder.toRealPath());
        Files.createDirectories(store.partial);
        store.removeAbandoned(clock.instant().minus(ABANDONED));
        return store;
    }

    @Override
    public void put(String key, byte[] bytes, String contentType) throws IOException {
        if (bytes.length == 0) {
            throw new IllegalArgumentException("an object has at least one byte: " + key);
        }
        Path target = path(key);
        try {
            put(target, bytes);
        } catch (IOException e) {
            throw full(e) ? new StoreFullException(root.toString(), e) : e;
        }
    }

    /** The words of the operating system: Java has no type of its own for it. */
    private static boolean full(IOException failure) {
        String message = String.valueOf(failure.getMessage());
        return message.contains("No space left on device") || message.contains("Disk quota exceeded");
    }

    private void put(Path target, byte[] bytes) throws IOException {
        // Before the file is forced: most file systems then write both in one go.
        inFolder(target.getParent(), () -> {});
        Path written = partial.resolve(UUID.randomUUID().toString());
        try {
            write(written, bytes);
            inFolder(target.getParent(), () -> Files.move(written, target, StandardCopyOption.ATOMIC_MOVE));
            makeDurable(target.getParent());
        } finally {
            Files.deleteIfExists(written);
        }
    }

    @Override
    public InputStream open(String key, long first, long last) throws IOException {
        FileChannel channel = FileChannel.open(path(key), StandardOpenOption.READ);
        try {
            channel.position(first);
            return new LimitedInputStream(Channels.newInputStream(channel), last - first + 1);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    @Override
    public Optional<Long> size(String key) throws IOException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(path(key), BasicFileAttributes.class);
            return attributes.isRegularFile() ? Optional.of(attributes.size()) : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Also removes the folders that become empty. Not forced to the disk: whoever deletes comes again. */
    @Override
    public void delete(String key) throws IOException {
        Path file = path(key);
        Files.deleteIfExists(file);
        try {
            for (Path folder = file.getParent(); !folder.equals(root); folder = folder.getParent()) {
                durable.remove(folder);
                Files.deleteIfExists(folder);
            }
        } catch (DirectoryNotEmptyException e) {
            // Somebody still uses it, and with it all folders above.
        }
    }

    @Override
    public Stream<Entry> list(String prefix) throws IOException {
        ObjectKeys.checkedPrefix(prefix);
        Path folder = root.resolve(prefix.substring(0, prefix.lastIndexOf('/') + 1));
        return FileListing.below(folder)
                .map(file -> new Entry(key(file.path()), file.writtenAt()))
                .filter(entry -> entry.key().startsWith(prefix));
    }

    /** Nobody can GET a file. */
    @Override
    public Optional<URI> presign(String key, String contentType, Duration validity) {
        return Optional.empty();
    }

    @Override
    public String identity() throws IOException {
        return "file " + StoreMarker.read(root);
    }

    @Override
    public void close() {}

    private Path path(String key) {
        return root.resolve(ObjectKeys.checked(key));
    }

    private String key(Path file) {
        return root.relativize(file).toString().replace(file.getFileSystem().getSeparator(), "/");
    }

    private static void write(Path file, byte[] bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            channel.force(true);
        }
    }

    @FunctionalInterface
    private interface Action {
        void run() throws IOException;
    }

    /**
     * Does something in a folder that is made where it is missing, and again when a deleter takes it, or one above, away
     * at any moment: also while it is being made, which the JDK reports as a missing parent or, of a folder that was there
     * and then was not, as one that exists already.
     */
    private void inFolder(Path folder, Action action) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                Files.createDirectories(folder);
                action.run();
                return;
            } catch (NoSuchFileException | FileAlreadyExistsException e) {
                forget(folder);
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** Makes the names in a folder durable, and its own. */
    private void makeDurable(Path folder) throws IOException {
        try {
            force(folder);
            forceNamesOf(folder);
        } catch (NoSuchFileException e) {
            // Nobody takes away a folder that holds an object: this one has been deleted again meanwhile.
            forget(folder);
        }
    }

    /**
     * Makes a folder and those above it durable, whoever created them: another writer may have been faster and not have
     * forced them yet.
     */
    private void forceNamesOf(Path folder) throws IOException {
        List<Path> news = new ArrayList<>();
        for (Path above = folder; !above.equals(root) && !durable.contains(above); above = above.getParent()) {
            force(above.getParent());
            news.add(above);
        }
        if (durable.size() > MOST_DURABLE) {
            durable.clear();
        }
        durable.addAll(news);
    }

    private void forget(Path folder) {
        for (Path above = folder; !above.equals(root); above = above.getParent()) {
            durable.remove(above);
        }
    }

    /** A rename is durable only once the folder that holds the name is. */
    private static void force(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private void removeAbandoned(Instant before) throws IOException {
        try (Stream<FileListing.File> files = FileListing.below(partial)) {
            for (FileListing.File file : (Iterable<FileListing.File>) files::iterator) {
                if (file.writtenAt().isBefore(before)) {
                    Files.deleteIfExists(file.path());
                }
            }
        }
    }
}
