package dev.safelight.common.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that really is full: a file system of 128 kB, where this user may mount one. */
class FullFileStoreTest {
    @TempDir
    private Path folder;

    @Test
    void aFullDiskIsCalledSoLeavesNothingBehindAndIsWrittenAgainOnceThereIsRoom() throws Exception {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk.toString()), "may mount");
        try (FileObjectStore store = FileObjectStore.open(disk, Clock.systemUTC())) {
            store.put("outputs/a", new byte[40_000], "image/png");
            assertThatThrownBy(() -> store.put("outputs/b", new byte[100_000], "image/png"))
                    .isInstanceOf(StoreFullException.class)
                    .hasMessageContaining("the object store is full");
            assertThat(store.size("outputs/b")).isEmpty();
            store.put("outputs/c", new byte[20_000], "image/png");
            store.delete("outputs/a");
            store.put("outputs/b", new byte[60_000], "image/png");
            assertThat(store.size("outputs/b")).contains(60_000L);
            try (Stream<Path> partial = Files.list(disk.resolve(FileObjectStore.PARTIAL))) {
                assertThat(partial).isEmpty();
            }
        } finally {
            run("umount", disk.toString());
        }
    }

    private static boolean run(String... command) throws InterruptedException {
        try {
            return new ProcessBuilder(command).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
