package dev.safelight.common.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileObjectStoreTest extends ObjectStoreContract {
    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");

    @TempDir
    private Path folder;

    private FileObjectStore store;

    @BeforeEach
    void open() throws IOException {
        store = FileObjectStore.open(folder, Clock.fixed(NOW, ZoneOffset.UTC));
    }

    @Override
    ObjectStore store() {
        return store;
    }

    @Test
    void nothingCanBeGotOverTheNetwork() {
        assertThat(store.presign("outputs/a", "image/png", Duration.ofMinutes(1)))
                .isEmpty();
    }

    @Test
    void noTraceOfAWriteIsLeftBesideTheObject() throws IOException {
        store.put("outputs/a/1/0.png", bytes(10), "image/png");
        assertThat(files(folder.resolve(FileObjectStore.PARTIAL))).isEmpty();
        store.delete("outputs/a/1/0.png");
        assertThat(folder.resolve("outputs")).doesNotExist();
        assertThat(folder).exists();
    }

    @Test
    void whatAnInterruptedWriteLeftIsInvisibleAndGoesAnHourLater() throws IOException {
        Path old = leftover("old", NOW.minus(Duration.ofMinutes(61)));
        Path young = leftover("young", NOW.minus(Duration.ofMinutes(59)));
        assertThat(keys("")).isEmpty();
        open();
        assertThat(old).doesNotExist();
        assertThat(young).exists();
    }

    /** SIGKILL in the middle of a write: what was acknowledged is there, and all that is there is whole. */
    @Test
    void aKilledWriterLeavesWholeObjectsOnly() throws Exception {
        byte[] whole = EndlessWriter.bytes();
        Process writer = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        EndlessWriter.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String acknowledged;
        try {
            acknowledged = writer.inputReader().readLine();
            awaitHalfAFile(whole.length);
        } finally {
            writer.destroyForcibly().waitFor();
        }
        assertThat(keys("outputs/endless/")).contains(EndlessWriter.key(Integer.parseInt(acknowledged)));
        for (String key : keys("")) {
            assertThat(Arrays.equals(Files.readAllBytes(folder.resolve(key)), whole))
                    .as(key)
                    .isTrue();
        }
        assertThat(files(folder.resolve(FileObjectStore.PARTIAL))).hasSize(1);
    }

    @Test
    void aFolderHasOneIdentityForAllWhoOpenIt() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Future<String>> identities = threads.invokeAll(IntStream.range(0, 8)
                    .mapToObj(_ -> (java.util.concurrent.Callable<String>) () ->
                            FileObjectStore.open(folder, Clock.systemUTC()).identity())
                    .toList());
            for (Future<String> identity : identities) {
                assertThat(identity.get()).isEqualTo(store.identity());
            }
        }
    }

    @Test
    void twoFoldersHaveTwoIdentities(@TempDir Path other) throws IOException {
        assertThat(FileObjectStore.open(other, Clock.systemUTC()).identity()).isNotEqualTo(store.identity());
    }

    @Test
    void aFolderKeepsItsIdentityWhenItIsMoved(@TempDir Path other) throws IOException {
        String identity = store.identity();
        Path moved = Files.move(folder.resolve(StoreMarker.FILE), other.resolve(StoreMarker.FILE))
                .getParent();
        assertThat(FileObjectStore.open(moved, Clock.systemUTC()).identity()).isEqualTo(identity);
    }

    private Path leftover(String name, Instant writtenAt) throws IOException {
        Path file = Files.write(folder.resolve(FileObjectStore.PARTIAL).resolve(name), new byte[10]);
        return Files.setLastModifiedTime(file, FileTime.from(writtenAt));
    }

    /** Wherever in the folder it grows. */
    private void awaitHalfAFile(long whole) throws IOException {
        Instant deadline = Instant.now().plusSeconds(30);
        while (Instant.now().isBefore(deadline)) {
            try (Stream<Path> paths = Files.walk(folder)) {
                if (paths.map(Path::toFile)
                        .anyMatch(file -> file.isFile() && file.length() > 1000 && file.length() < whole)) {
                    return;
                }
            } catch (UncheckedIOException e) {
                Thread.yield(); // a file went away while the folder was read
            }
        }
        throw new AssertionError("no write was seen in its middle");
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
