package dev.safelight.common.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every object store promises; each implementation runs it. */
abstract class ObjectStoreContract {
    /** Where a test keeps its objects: the store may be shared between tests. */
    private final String folder = "outputs/default/" + UUID.randomUUID() + "/";

    abstract ObjectStore store();

    @Test
    void bytesComeBackAsTheyWent() throws IOException {
        byte[] bytes = bytes(100_000);
        store().put(folder + "1/0.png", bytes, "image/png");
        assertThat(read(folder + "1/0.png", 0, bytes.length - 1)).isEqualTo(bytes);
        assertThat(store().size(folder + "1/0.png")).contains(100_000L);
    }

    @Test
    void aRangeIsReadWithBothItsEnds() throws IOException {
        byte[] bytes = bytes(1000);
        store().put(folder + "range", bytes, "image/png");
        assertThat(read(folder + "range", 0, 0)).containsExactly(bytes[0]);
        assertThat(read(folder + "range", 999, 999)).containsExactly(bytes[999]);
        assertThat(read(folder + "range", 10, 19)).isEqualTo(Arrays.copyOfRange(bytes, 10, 20));
    }

    @Test
    void aMissingKeyHasNoSizeAndCannotBeOpened() throws IOException {
        assertThat(store().size(folder + "missing")).isEmpty();
        assertThatThrownBy(() -> store().open(folder + "missing", 0, 0)).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void theSameBytesMayBePutTwice() throws IOException {
        byte[] bytes = bytes(1000);
        store().put(folder + "twice", bytes, "image/png");
        store().put(folder + "twice", bytes, "image/png");
        assertThat(read(folder + "twice", 0, 999)).isEqualTo(bytes);
        assertThat(keys(folder)).containsExactly(folder + "twice");
    }

    @Test
    void theListHasTheKeysOfAPrefixWithTheirTimes() throws IOException {
        Instant before = Instant.now().minus(Duration.ofSeconds(2)); // S3 tells whole seconds
        for (String key : List.of("a/1/0.png", "a/1/1.png", "a/2/0.png", "ab/1/0.png", "b")) {
            store().put(folder + key, bytes(10), "image/png");
        }
        assertThat(keys(folder + "a/"))
                .containsExactlyInAnyOrder(folder + "a/1/0.png", folder + "a/1/1.png", folder + "a/2/0.png");
        assertThat(keys(folder + "a"))
                .containsExactlyInAnyOrder(
                        folder + "a/1/0.png", folder + "a/1/1.png", folder + "a/2/0.png", folder + "ab/1/0.png");
        assertThat(keys(folder)).hasSize(5);
        assertThat(keys(folder + "none/")).isEmpty();
        try (Stream<ObjectStore.Entry> entries = store().list(folder)) {
            assertThat(entries)
                    .allSatisfy(entry -> assertThat(entry.writtenAt())
                            .isBetween(before, Instant.now().plusSeconds(2)));
        }
    }

    @Test
    void whatIsDeletedWhileTheListIsReadDoesNotDisturbIt() throws IOException {
        for (int index = 0; index < 20; index++) {
            store().put(folder + index + "/0.png", bytes(10), "image/png");
        }
        try (Stream<ObjectStore.Entry> entries = store().list(folder)) {
            for (ObjectStore.Entry entry : (Iterable<ObjectStore.Entry>) entries::iterator) {
                store().delete(entry.key());
                store().delete(folder + "19/0.png");
            }
        }
        assertThat(keys(folder)).isEmpty();
    }

    @Test
    void deletingTwiceIsFine() throws IOException {
        store().put(folder + "1/0.png", bytes(10), "image/png");
        store().delete(folder + "1/0.png");
        store().delete(folder + "1/0.png");
        assertThat(store().size(folder + "1/0.png")).isEmpty();
        assertThat(keys(folder)).isEmpty();
    }

    @Test
    void aKeyCanBePutAgainAfterItWasDeleted() throws IOException {
        store().put(folder + "1/0.png", bytes(10), "image/png");
        store().delete(folder + "1/0.png");
        store().put(folder + "1/0.png", bytes(10), "image/png");
        assertThat(read(folder + "1/0.png", 0, 9)).isEqualTo(bytes(10));
    }

    @Test
    void readersSeeAllOfAnObjectOrNone() throws Exception {
        byte[] bytes = bytes(4_000_000);
        String key = folder + "contended";
        AtomicBoolean writing = new AtomicBoolean(true);
        try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Future<Integer> reader = threads.submit(() -> {
                int seen = 0;
                while (writing.get() || seen == 0) {
                    Optional<Long> size = store().size(key);
                    if (size.isPresent()) {
                        assertThat(size).contains((long) bytes.length);
                        seen++;
                    }
                    try {
                        assertThat(Arrays.equals(read(key, 0, bytes.length - 1), bytes))
                                .isTrue();
                    } catch (NoSuchFileException e) {
                        Thread.yield(); // none of it
                    }
                }
                return seen;
            });
            try {
                for (int round = 0; round < 30; round++) {
                    store().put(key, bytes, "image/png");
                    store().delete(key);
                }
                store().put(key, bytes, "image/png");
            } finally {
                writing.set(false);
            }
            assertThat(reader.get()).isPositive();
        }
    }

    /**
     * Writers make the folders that deleters, seeing them empty, take away: each writer its own object's, and two who do
     * nothing else, so that a folder goes at every moment of a write.
     */
    @Test
    void writersAndDeletersOfOneFolderDoNotDisturbEachOther() throws Exception {
        AtomicBoolean writing = new AtomicBoolean(true);
        try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
            List<Future<?>> writers = new ArrayList<>();
            for (int writer = 0; writer < 4; writer++) {
                String key = folder + "shared/1/" + writer + ".png";
                writers.add(threads.submit(() -> {
                    for (int round = 0; round < 50; round++) {
                        store().put(key, bytes(10), "image/png");
                        assertThat(store().size(key)).contains(10L);
                        store().delete(key);
                    }
                    return null;
                }));
            }
            List<Future<?>> deleters = new ArrayList<>();
            for (int deleter = 0; deleter < 2; deleter++) {
                deleters.add(threads.submit(() -> {
                    while (writing.get()) {
                        store().delete(folder + "shared/1/none.png");
                    }
                    return null;
                }));
            }
            try {
                for (Future<?> writer : writers) {
                    writer.get();
                }
            } finally {
                writing.set(false);
            }
            for (Future<?> deleter : deleters) {
                deleter.get();
            }
        } catch (ExecutionException e) {
            throw new AssertionError("a writer or a deleter failed", e.getCause());
        }
        assertThat(keys(folder)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/etc/passwd",
                "../secret",
                "outputs/../../secret",
                "outputs/./a",
                "outputs//a",
                "outputs/",
                "outputs/.partial",
                ".store-id",
                "outputs\\a",
                "outputs/a b",
                "outputs/a\0b",
                "outputs/é"
            })
    void whatIsNoKeyIsRefused(String key) {
        assertThatThrownBy(() -> store().put(key, bytes(10), "image/png")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store().open(key, 0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store().size(key)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store().delete(key)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void thereIsNoEmptyObject() {
        assertThatThrownBy(() -> store().put(folder + "empty", new byte[0], "image/png"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    static byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }

    byte[] read(String key, long first, long last) throws IOException {
        try (InputStream in = store().open(key, first, last)) {
            return in.readAllBytes();
        }
    }

    List<String> keys(String prefix) throws IOException {
        try (Stream<ObjectStore.Entry> entries = store().list(prefix)) {
            return entries.map(ObjectStore.Entry::key).toList();
        }
    }
}
