package dev.safelight.common.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class BundleShelfTest {
    private static final Duration FRESH = Duration.ofSeconds(2);

    @TempDir
    private Path models;

    private final AtomicLong clock = new AtomicLong();

    @BeforeEach
    void one() throws IOException {
        bundle("one", "2026-01-01");
    }

    @Test
    void whatIsPutThereIsFoundWithoutARestart() throws IOException {
        BundleShelf shelf = open();
        assertThat(shelf.contents().all()).extracting(Bundle::name).containsExactly("one");
        bundle("two", "2026-01-02");
        assertThat(shelf.contents().all()).as("not looked at again yet").hasSize(1);
        clock.addAndGet(FRESH.toNanos());
        assertThat(shelf.contents().all()).extracting(Bundle::name).containsExactly("two", "one");
        bundle("three", "2026-01-03");
        assertThat(shelf.look().all()).as("who looks, sees").hasSize(3);
    }

    @Test
    @Timeout(30)
    void whoAsksForWhatIsKnownHasItSeenToByAnother() throws IOException {
        BundleShelf shelf = open();
        bundle("two", "2026-01-02");
        assertThat(shelf.known().all()).as("not looked at again yet").hasSize(1);
        clock.addAndGet(FRESH.toNanos());
        while (shelf.known().all().size() < 2) {
            Thread.onSpinWait();
        }
    }

    @Test
    void aReplacedOneIsAnotherVersionAndARemovedOneIsGone() throws IOException {
        BundleShelf shelf = open();
        String before = shelf.contents().find("one").orElseThrow().version();
        bundle("one", "2026-02-02");
        assertThat(shelf.look().find("one").orElseThrow().version()).isNotEqualTo(before);
        Files.delete(models.resolve("one/model.json"));
        assertThat(shelf.look().all()).isEmpty();
    }

    @Test
    void theLibraryIsTheSameObjectWhileNothingChanges() {
        BundleShelf shelf = open();
        BundleLibrary library = shelf.contents();
        clock.addAndGet(FRESH.toNanos());
        assertThat(shelf.contents()).isSameAs(library);
    }

    @Test
    void aBrokenOneIsPassedOverUntilItIsMended() throws IOException {
        Files.createDirectory(models.resolve("broken"));
        Files.writeString(models.resolve("broken/model.json"), "{\"format\":");
        BundleShelf shelf = open();
        assertThat(shelf.contents().all()).extracting(Bundle::name).containsExactly("one");
        assertThat(shelf.contents().bad()).extracting(BadBundle::name).containsExactly("broken");
        bundle("broken", "2026-03-03");
        assertThat(shelf.look().all()).extracting(Bundle::name).containsExactly("broken", "one");
        assertThat(shelf.contents().bad()).isEmpty();
    }

    @Test
    void aManifestThatCouldNotBeReadIsReadAgainAndIsNotBad() throws IOException {
        bundle("later", "2026-03-03");
        Path manifest = models.resolve("later/model.json");
        String text = Files.readString(manifest);
        Files.delete(manifest);
        Files.createDirectory(manifest); // there, and to read it fails
        FileTime written = Files.getLastModifiedTime(manifest);
        long size = Files.size(manifest);
        BundleShelf shelf = open();
        assertThat(shelf.contents().all()).extracting(Bundle::name).containsExactly("one");
        assertThat(shelf.contents().bad()).isEmpty();
        // Nothing but the trouble goes away.
        Files.delete(manifest);
        Files.writeString(manifest, text + " ".repeat((int) size - text.length()));
        Files.setLastModifiedTime(manifest, written);
        assertThat(Files.size(manifest)).isEqualTo(size);
        assertThat(shelf.look().all()).extracting(Bundle::name).containsExactly("later", "one");
    }

    @Test
    void aFolderThatCannotBeListedStopsTheStartAndNothingLater() throws IOException {
        BundleShelf shelf = open();
        Files.delete(models.resolve("one/model.json"));
        Files.delete(models.resolve("one"));
        Files.delete(models);
        assertThat(shelf.look().all()).as("stays as it was").hasSize(1);
        assertThatThrownBy(this::open).isInstanceOf(BundleException.class);
        Files.createDirectory(models);
    }

    private BundleShelf open() {
        return BundleShelf.open(models, FRESH, clock::get);
    }

    private void bundle(String name, String date) throws IOException {
        Files.createDirectories(models.resolve(name));
        Files.writeString(models.resolve(name).resolve("model.json"), BundleReaderTest.manifest(name, date, "net.pt"));
    }
}
