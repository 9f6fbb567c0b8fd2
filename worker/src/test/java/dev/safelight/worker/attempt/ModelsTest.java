package dev.safelight.worker.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.BundleShelf;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.generate.Model;
import dev.safelight.worker.generate.ModelCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a worker loads before it takes work. */
class ModelsTest {
    private static final Path TINY = Path.of("src/test/resources/bundles/tiny");

    @TempDir
    private Path folder;

    private final List<String> loaded = new ArrayList<>();

    @Test
    void pinnedModelsComeFirstAndThenTheLargest() throws Exception {
        bundles(Map.of("small", 10, "large", 1000, "middle", 100));
        preload(List.of("small"), Duration.ofMinutes(1));
        assertThat(loaded).containsExactly("small", "large", "middle");
    }

    @Test
    void withoutPatienceOnlyPinnedModelsAreLoaded() throws Exception {
        bundles(Map.of("small", 10, "large", 1000));
        preload(List.of("small"), Duration.ZERO);
        assertThat(loaded).containsExactly("small");
    }

    private void preload(List<String> pinned, Duration patience) throws Exception {
        try (ModelCache cache = new ModelCache(new Notes(), 0, pinned)) {
            BundleShelf shelf = BundleShelf.open(folder, Duration.ofMinutes(1), System::nanoTime);
            Models.preloaded(shelf, cache, List.of("default"), pinned, patience);
        }
    }

    private void bundles(Map<String, Integer> parameters) throws IOException {
        for (Map.Entry<String, Integer> each : parameters.entrySet()) {
            Path bundle = Files.createDirectories(folder.resolve(each.getKey()));
            try (var files = Files.list(TINY)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Files.copy(file, bundle.resolve(file.getFileName()));
                }
            }
            ObjectNode manifest = (ObjectNode)
                    Json.MAPPER.readTree(bundle.resolve("model.json").toFile());
            manifest.put("name", each.getKey()).put("parameters", each.getValue());
            Files.writeString(bundle.resolve("model.json"), Json.write(manifest));
        }
    }

    /** Notes what it is to load, and has nothing to load it with. */
    private final class Notes implements ModelCache.Loader {
        @Override
        public ModelCache.Loaded load(Bundle bundle) {
            loaded.add(bundle.name());
            throw new BundleException("only noted");
        }

        @Override
        public void unload(Model model) {}

        @Override
        public long estimate(Bundle bundle) {
            return 1;
        }
    }
}
