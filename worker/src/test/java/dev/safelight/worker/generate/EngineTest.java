package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.worker.model.Device.DeviceUnavailable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EngineTest {
    private Engine engine;

    @BeforeAll
    void open() {
        engine = Engine.open("cpu");
    }

    @AfterAll
    void close() {
        engine.close();
    }

    @Test
    void loadsABundleThatComputesWhatItDidWhereItWasMade() throws Exception {
        Model model = engine.load(Jobs.tiny());

        assertThat(engine.device()).isEqualTo("cpu");
        assertThat(Latents.of(Jobs.run(Jobs.decodedBy(Latents.KEEP, model), Jobs.input("dpmpp-2m", 8, 2, 1))))
                .singleElement()
                .satisfies(latent -> assertThat(latent).hasSize(28 * 28).doesNotContain(Float.NaN));
    }

    @Test
    void aLoadTellsWhatItTook() throws Exception {
        EngineLoader loader = new EngineLoader(engine);
        long file = Files.size(Jobs.tiny().file("denoiser.pt"));
        assertThat(loader.estimate(Jobs.tiny())).isEqualTo(file);

        ModelCache.Loaded loaded = loader.load(Jobs.tiny());

        assertThat(loaded.bytes()).isBetween(file, 1L << 32);
        loader.unload(loaded.model());
    }

    @Test
    void refusesABundleThatComputesSomethingElse(@TempDir Path folder) throws IOException {
        copyTiny(folder);
        // One digit of one recorded output.
        edit(
                folder.resolve("golden.json"),
                "\"outputs\":{\"v\":{\"type\":\"float32\",\"shape\":[4,1,28,28],\"values\":[",
                "$0 9,");
        assertThatThrownBy(() -> engine.load(BundleReader.read(folder)))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("golden");
    }

    @Test
    void refusesAFileWhoseDigestIsNotListed(@TempDir Path folder) throws IOException {
        copyTiny(folder);
        byte[] network = Files.readAllBytes(folder.resolve("denoiser.pt"));
        network[network.length / 2] ^= 1;
        Files.write(folder.resolve("denoiser.pt"), network);

        assertThatThrownBy(() -> engine.load(BundleReader.read(folder)))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("SHA-256");
    }

    @Test
    void refusesWhatItDoesNotHave(@TempDir Path folder) throws IOException {
        copyTiny(folder);
        edit(folder.resolve("model.json"), "\"prediction\": \"v\"", "\"prediction\": \"w\"");
        Bundle bundle = BundleReader.read(folder);
        assertThatThrownBy(() -> engine.load(bundle))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("no prediction is called w");
    }

    @Test
    void refusesANetworkThatDoesNotRun(@TempDir Path folder) throws IOException {
        copyTiny(folder);
        edit(folder.resolve("model.json"), "28,\n      28", "28,\n      30");
        assertThatThrownBy(() -> engine.load(BundleReader.read(folder)))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("does not run");
    }

    @Test
    void cudaThatIsNotThereIsAnError() {
        assumeThat(Engine.open("auto")).satisfies(chosen -> {
            try (chosen) {
                assertThat(chosen.device()).isEqualTo("cpu");
            }
        });
        assertThatThrownBy(() -> Engine.open("cuda"))
                .isInstanceOf(DeviceUnavailable.class)
                .hasMessageContaining("CUDA");
        assertThatThrownBy(() -> Engine.open("tpu")).isInstanceOf(IllegalArgumentException.class);
    }

    private static void copyTiny(Path folder) throws IOException {
        for (String name : List.of("model.json", "denoiser.pt", "golden.json")) {
            Files.copy(Jobs.tiny().file(name), folder.resolve(name));
        }
    }

    private static void edit(Path file, String before, String after) throws IOException {
        String content = Files.readString(file);
        assertThat(content).contains(before);
        Files.writeString(file, content.replace(before, after.replace("$0", before)));
    }
}
