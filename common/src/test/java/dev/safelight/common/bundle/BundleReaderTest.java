package dev.safelight.common.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleReaderTest {
    /** SHA-256 of the three bytes {@code abc} (FIPS 180-2, appendix B.1). */
    private static final String DIGEST = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    private static final String MANIFEST = """
            {"format": 1, "name": "NAME", "title": "A test", "description": "", "author": "us", "date": "DATE",
             "license": {"weights": "Apache-2.0", "data": "none"}, "parameters": 1, "queue": "default",
             "networks": {"denoiser": {"file": "FILE", "sha256": "DIGEST", "inputs": ["x", "t"], "maxRows": 8}},
             "latent": {"shape": [1, 4, 4], "range": [-1, 1]},
             "process": {"kind": "vp", "schedule": {"kind": "linear", "steps": 1000}, "prediction": "epsilon"},
             "conditioning": {"kind": "none"}, "decoder": {"kind": "pixels"}, "samplers": ["ddim"],
             "defaults": {"sampler": "ddim", "steps": 10, "guidance": 1, "spacing": "trailing", "eta": 0},
             "limits": {"steps": 1000, "count": 4}, "golden": {"file": "golden.json"}}
            """;

    @TempDir
    private Path models;

    @BeforeEach
    void writeOneBundle() throws IOException {
        bundle("first", "2026-01-01", "net.pt");
    }

    @Test
    void aManifestReadsAsWritten() {
        Bundle bundle = BundleReader.read(models.resolve("first"));
        assertThat(bundle.manifest().latent().size()).isEqualTo(16);
        assertThat(bundle.manifest().networks()).containsOnlyKeys("denoiser");
        assertThat(bundle.version()).hasSize(64);
    }

    @Test
    void theVersionChangesWithTheManifest() throws IOException {
        String before = BundleReader.read(models.resolve("first")).version();
        bundle("first", "2026-01-02", "net.pt");
        assertThat(BundleReader.read(models.resolve("first")).version()).isNotEqualTo(before);
    }

    @Test
    void aNetworkThatDiffersFromItsDigestIsRefused() throws IOException {
        Bundle bundle = BundleReader.read(models.resolve("first"));
        Files.writeString(models.resolve("first/net.pt"), "abc");
        assertThat(BundleReader.verified(bundle, Manifest.DENOISER)).isEqualTo(models.resolve("first/net.pt"));
        Files.writeString(models.resolve("first/net.pt"), "abd");
        assertThatThrownBy(() -> BundleReader.verified(bundle, Manifest.DENOISER))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("net.pt has SHA-256")
                .hasMessageContaining(DIGEST);
    }

    @Test
    void aNetworkOutsideTheFolderIsRefused() throws IOException {
        bundle("first", "2026-01-01", "../other/net.pt");
        assertThatThrownBy(() -> BundleReader.read(models.resolve("first"))).hasMessageContaining("leaves the folder");
    }

    @Test
    void aLibraryListsTheNewestFirst() throws IOException {
        bundle("second", "2026-02-01", "net.pt");
        BundleLibrary library = BundleLibrary.open(models);
        assertThat(library.all()).extracting(Bundle::name).containsExactly("second", "first");
        assertThat(library.bad()).isEmpty();
        assertThat(library.find("first")).isPresent();
    }

    @Test
    void ofTwinsALibraryUsesNeither() throws IOException {
        bundle("second", "2026-02-01", "net.pt");
        Files.createDirectory(models.resolve("copy"));
        Files.copy(models.resolve("first/model.json"), models.resolve("copy/model.json"));
        BundleLibrary library = BundleLibrary.open(models);
        assertThat(library.all()).extracting(Bundle::name).containsExactly("second");
        assertThat(library.bad()).singleElement().satisfies(bad -> {
            assertThat(bad.name()).isEqualTo("first");
            assertThat(bad.reason()).contains("2 bundles are called first", "copy");
        });
    }

    @Test
    void versionsOfAModelLieSideBySide() throws IOException {
        Bundle old = BundleReader.read(models.resolve("first"));
        Files.createDirectory(models.resolve("first-2"));
        Files.writeString(
                models.resolve("first-2/model.json"),
                Files.readString(models.resolve("first/model.json")).replace("2026-01-01", "2026-01-02"));

        BundleLibrary library = BundleLibrary.open(models);
        assertThat(library.bad()).isEmpty();
        assertThat(library.all()).extracting(Bundle::folder).containsExactly(models.resolve("first-2"));
        Bundle current = library.find("first").orElseThrow();
        assertThat(current.folder()).isEqualTo(models.resolve("first-2"));
        assertThat(library.find("first", old.version())).contains(old);
        assertThat(library.find("first", current.version())).contains(current);
        assertThat(library.find("second", old.version())).isEmpty();
    }

    @Test
    void aBrokenBundleDoesNotKeepTheOthersAway() throws IOException {
        Files.writeString(Files.createDirectory(models.resolve("torn")).resolve("model.json"), "{\"format\": ");
        BundleLibrary library = BundleLibrary.open(models);
        assertThat(library.all()).extracting(Bundle::name).containsExactly("first");
        assertThat(library.bad()).singleElement().satisfies(bad -> {
            assertThat(bad.name()).isEqualTo("torn");
            assertThat(bad.reason()).contains("torn", "model.json is not a valid manifest");
        });
        assertThatThrownBy(() -> BundleLibrary.open(models.resolve("nowhere"))).isInstanceOf(BundleException.class);
    }

    /** A reader of format 1 would pass over them: it would show what is to be hidden, or not know what a network wants. */
    @Test
    void whatOlderReadersMustNotPassOverNeedsFormatTwo() throws IOException {
        String loras = "\"loras\": [\"style\", \"sketch\"], ";
        assertRefused(loras, "format must be 2 where there are LoRAs");
        assertRefused("\"safety\": {\"threshold\": 0.5, \"action\": \"blur\"}, ", "need each other");
        String manifest = manifest("first", "2026-01-01", "net.pt").replace("\"format\": 1, ", "\"format\": 2, ");
        Path file = models.resolve("first/model.json");
        Files.writeString(file, manifest.replace("\"samplers\"", loras + "\"samplers\""));
        assertThat(BundleReader.read(models.resolve("first")).manifest().loras())
                .containsExactly("style", "sketch");
        Files.writeString(file, manifest.replace("\"samplers\"", loras.replace("sketch", "style") + "\"samplers\""));
        assertThatThrownBy(() -> BundleReader.read(models.resolve("first"))).hasMessageContaining("different names");
        String watched = manifest.replace(
                "\"maxRows\": 8}}",
                "\"maxRows\": 8}, \"safety\": {\"file\": \"s.pt\", \"sha256\": \"\", \"inputs\": [\"x\"], \"maxRows\": 8}},"
                        + " \"safety\": {\"threshold\": 0.5, \"action\": \"blur\"}");
        Files.writeString(file, watched);
        assertThat(BundleReader.read(models.resolve("first"))
                        .manifest()
                        .safety()
                        .threshold())
                .isEqualTo(0.5);
        for (String wrong : new String[] {"\"action\": \"burn\"", "\"action\": \"pass\"", "\"other\": 1"}) {
            Files.writeString(file, watched.replace("\"action\": \"blur\"", wrong));
            assertThatThrownBy(() -> BundleReader.read(models.resolve("first")))
                    .hasMessageContaining("flag, blur or withhold");
        }
        Files.writeString(file, watched.replace("\"threshold\": 0.5, ", ""));
        assertThatThrownBy(() -> BundleReader.read(models.resolve("first"))).hasMessageContaining("safety.threshold");
        Files.writeString(file, watched.replace("\"format\": 2", "\"format\": 1"));
        assertThatThrownBy(() -> BundleReader.read(models.resolve("first"))).hasMessageContaining("format must be 2");
        Files.writeString(file, watched.replace("\"format\": 2", "\"format\": 3"));
        assertThatThrownBy(() -> BundleReader.read(models.resolve("first"))).hasMessageContaining("1 or 2");
    }

    private void assertRefused(String fields, String reason) throws IOException {
        Files.writeString(
                models.resolve("first/model.json"),
                manifest("first", "2026-01-01", "net.pt").replace("\"samplers\"", fields + "\"samplers\""));
        assertThatThrownBy(() -> BundleReader.read(models.resolve("first")))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void aBrokenManifestSaysWhichFile() throws IOException {
        Files.writeString(models.resolve("first/model.json"), "{\"format\": ");
        assertThatThrownBy(() -> BundleReader.read(models.resolve("first")))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("model.json is not a valid manifest");
    }

    private void bundle(String name, String date, String file) throws IOException {
        Files.createDirectories(models.resolve(name));
        Files.writeString(models.resolve(name).resolve("model.json"), manifest(name, date, file));
    }

    static String manifest(String name, String date, String file) {
        return MANIFEST.replace("NAME", name)
                .replace("DATE", date)
                .replace("FILE", file)
                .replace("DIGEST", DIGEST);
    }
}
