package dev.safelight.worker.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;

/**
 * What tells a file from what it was a moment ago, without reading it: another file in its place has another key, and
 * writing to it moves its time.
 *
 * @param key of the file system; null where it has none
 */
record FileMark(Object key, long size, FileTime written) {

    /** @throws UncheckedIOException when there is no such file */
    static FileMark of(Path file) {
        try {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            return new FileMark(now.fileKey(), now.size(), now.lastModifiedTime());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
