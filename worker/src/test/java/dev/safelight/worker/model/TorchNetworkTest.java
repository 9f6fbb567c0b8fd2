package dev.safelight.worker.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Row;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchNetworkTest {
    private static final FileTime LONG_AGO = FileTime.fromMillis(1_500_000_000_000L);

    @TempDir
    private Path scratch;

    private Bundle tiny(String name) throws IOException, URISyntaxException {
        Path folder = Files.createDirectory(scratch.resolve(name));
        Path shipped =
                Path.of(TorchNetworkTest.class.getResource("/bundles/tiny").toURI());
        for (String file : List.of("model.json", "denoiser.pt", "golden.json")) {
            Files.copy(shipped.resolve(file), folder.resolve(file));
        }
        Files.setLastModifiedTime(folder.resolve("denoiser.pt"), LONG_AGO);
        return BundleReader.read(folder);
    }

    /** Something happens to the file between the check of its digest and its reading. */
    private static void loadWhile(Bundle bundle, Happening happening) {
        NDManager manager = Device.select("cpu").newManager();
        TorchNetwork.loadBlock(bundle, Manifest.DENOISER, manager, file -> {
            try {
                happening.to(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return TorchNetwork.read(file, manager);
        });
        manager.close();
    }

    private interface Happening {
        void to(Path file) throws IOException;
    }

    @Test
    void aFileThatIsExchangedAfterItsDigestWasCheckedIsRefused() throws Exception {
        Bundle bundle = tiny("exchanged");

        assertThatThrownBy(() -> loadWhile(bundle, file -> {
                    Path other = Files.copy(file, file.resolveSibling("other"));
                    Files.setLastModifiedTime(other, LONG_AGO);
                    Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
                }))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("denoiser.pt was changed while it was read");
    }

    @Test
    void aFileThatIsWrittenToAfterItsDigestWasCheckedIsRefused() throws Exception {
        Bundle bundle = tiny("written");

        assertThatThrownBy(() -> loadWhile(
                        bundle, file -> Files.write(file, Files.readAllBytes(file), StandardOpenOption.WRITE)))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("denoiser.pt was changed while it was read");
    }

    @Test
    void aFileThatStaysAsItIsIsLoadedFromAnyFolder() throws Exception {
        boolean anyName = Charset.forName(System.getProperty("sun.jnu.encoding"))
                .newEncoder()
                .canEncode("è🦊");
        Bundle bundle = tiny(anyName ? "modèle 🦊" : "a model");

        try (TorchNetwork network = TorchNetwork.load(bundle, Manifest.DENOISER, Device.select("cpu"))) {
            assertThat(network.maxRows()).isPositive();
        }
    }

    @Test
    void aFileThatIsNotThereIsSaid() throws Exception {
        Bundle bundle = tiny("missing");
        Files.delete(bundle.file("denoiser.pt"));

        assertThatThrownBy(() -> TorchNetwork.load(bundle, Manifest.DENOISER, Device.select("cpu")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("denoiser.pt");
    }

    @Test
    void aFileThatIsNoNetworkIsTheBundlesFault() throws Exception {
        Bundle bundle = tiny("garbage");
        Files.writeString(bundle.file("denoiser.pt"), "no network");
        String digest = HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(bundle.file("denoiser.pt"))));
        Path manifest = bundle.folder().resolve("model.json");
        Files.writeString(
                manifest,
                Files.readString(manifest)
                        .replace(
                                bundle.manifest()
                                        .networks()
                                        .get(Manifest.DENOISER)
                                        .sha256(),
                                digest));

        assertThatThrownBy(() ->
                        TorchNetwork.load(BundleReader.read(bundle.folder()), Manifest.DENOISER, Device.select("cpu")))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("cannot load its denoiser");
    }

    @Test
    void aDeviceWithoutRoomIsNot() throws Exception {
        Bundle bundle = tiny("large");

        assertThatThrownBy(() -> loadWhile(bundle, file -> {
                    throw new EngineException("CUDA out of memory. Tried to allocate 2.00 GiB.");
                }))
                .isInstanceOf(EngineException.class);
    }

    @Test
    void whatADeviceFetchesIsLockedUntilTheNetworkIsClosed() throws Exception {
        WatchedPageLock pages = new WatchedPageLock();
        Device device = new Device(ai.djl.Device.cpu(), "cpu", pages);
        Row row = new Row(new float[28 * 28], 500, new Conditioning.ClassIndex(2));
        int bytesOfARow = 28 * 28 * Float.BYTES;

        TorchNetwork network = TorchNetwork.load(tiny("locked"), Manifest.DENOISER, device);
        network.run(List.of(row));
        network.run(List.of(row, row));

        assertThat(pages.sizes()).containsExactlyInAnyOrder(2L * bytesOfARow, 2L * Float.BYTES, 2L * Long.BYTES);
        network.close();
        assertThat(pages.sizes()).isEmpty();
        assertThat(pages.unlockedTooLate()).isZero();
    }
}
