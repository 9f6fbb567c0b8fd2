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
import java.util.Optional;
import java.util.UUID;
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

    /** How often a write comes back when its folder, just emptied by somebody, goes away under it. */
    private static final int ATTEMPTS = 10;

    private final Path root;
    private final Path partial;

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
        Path written = partial.resolve(UUID.randomUUID().toString());
        try {
            write(written, bytes);
            publish(written, target);
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

    private void publish(Path written, Path target) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                createFolder(target.getParent());
                Files.move(written, target, StandardCopyOption.ATOMIC_MOVE);
                force(target.getParent());
                return;
            } catch (NoSuchFileException e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** Like {@link Files#createDirectories}, but each new name is on the disk when it returns. */
    private void createFolder(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        createFolder(folder.getParent());
        try {
            Files.createDirectory(folder);
        } catch (FileAlreadyExistsException e) {
            // Another writer was faster; it may not have forced it yet.
        }
        force(folder.getParent());
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
