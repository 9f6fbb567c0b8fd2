package dev.safelight.common.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The regular files below a folder, depth first. Unlike {@link Files#walk} it does not mind files and folders that go
 * away meanwhile: writers and sweepers of other processes are at work. Names that begin with a dot are passed over.
 */
final class FileListing extends Spliterators.AbstractSpliterator<FileListing.File> implements AutoCloseable {
    record File(Path path, Instant writtenAt) {}

    private record Folder(DirectoryStream<Path> stream, Iterator<Path> iterator) {}

    private final Deque<Folder> open = new ArrayDeque<>();

    private FileListing() {
        super(Long.MAX_VALUE, NONNULL | DISTINCT);
    }

    static Stream<File> below(Path folder) throws IOException {
        FileListing listing = new FileListing();
        listing.enter(folder);
        return StreamSupport.stream(listing, false).onClose(listing::close);
    }

    @Override
    public boolean tryAdvance(Consumer<? super File> action) {
        try {
            while (!open.isEmpty()) {
                Folder folder = open.peek();
                if (!folder.iterator().hasNext()) {
                    open.pop().stream().close();
                } else if (visit(folder.iterator().next(), action)) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean visit(Path path, Consumer<? super File> action) throws IOException {
        if (path.getFileName().toString().startsWith(".")) {
            return false;
        }
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (attributes.isDirectory()) {
                enter(path);
            } else if (attributes.isRegularFile()) {
                action.accept(new File(path, attributes.lastModifiedTime().toInstant()));
                return true;
            }
        } catch (NoSuchFileException e) {
            // Gone since its folder was read.
        }
        return false;
    }

    private void enter(Path folder) throws IOException {
        try {
            DirectoryStream<Path> stream = Files.newDirectoryStream(folder);
            open.push(new Folder(stream, stream.iterator()));
        } catch (NoSuchFileException | NotDirectoryException e) {
            // Nothing below it.
        }
    }

    @Override
    public void close() {
        try {
            while (!open.isEmpty()) {
                open.pop().stream().close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
