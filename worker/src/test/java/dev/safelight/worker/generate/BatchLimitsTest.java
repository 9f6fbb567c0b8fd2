package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.bundle.Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchLimitsTest {
    private static final Bundle TINY = Jobs.tiny();

    @TempDir
    private Path folder;

    @Test
    void takesTheSmallestCallThatComesCloseToTheBest() {
        assertThat(choose(Map.of(1, 100.0, 2, 150.0, 4, 200.0, 8, 205.0, 16, 207.0)))
                .isEqualTo(4);
        assertThat(choose(Map.of(1, 100.0, 2, 150.0, 4, 200.0, 8, 300.0))).isEqualTo(8);
    }

    @Test
    void sharesNothingWhereSharingLoses() {
        assertThat(choose(Map.of(1, 100.0, 2, 101.0, 4, 99.0, 8, 90.0))).isEqualTo(1);
        assertThat(choose(Map.of(1, 100.0))).isEqualTo(1);
    }

    @Test
    void measuresOnceForEachBundleAndDevice() throws IOException {
        BatchLimits limits = BatchLimits.measured(folder.resolve("batch"));
        assertThat(limits.recall(TINY, "cpu")).isEmpty();
        limits.remember(TINY, BatchLimits.Measurement.of(TINY, "cpu", new TreeMap<>(Map.of(1, 1.0, 2, 3.0))));

        BatchLimits later = BatchLimits.measured(folder.resolve("batch"));
        assertThat(later.recall(TINY, "cpu"))
                .get()
                .extracting(BatchLimits.Measurement::mostRows)
                .isEqualTo(2);
        assertThat(later.recall(TINY, "cuda:0")).isEmpty();
        assertThat(later.recall(new Bundle(TINY.manifest(), TINY.folder(), "another"), "cpu"))
                .isEmpty();

        try (Stream<Path> files = Files.list(folder.resolve("batch"))) {
            List<Path> kept = files.toList();
            assertThat(kept).hasSize(1);
            Files.writeString(kept.getFirst(), "{\"mostRows\":");
        }
        assertThat(later.recall(TINY, "cpu"))
                .as("what cannot be read is measured again")
                .isEmpty();
    }

    /** The real network: whatever the machine finds best, it is within the manifest's bounds and is used the next time. */
    @Test
    void theEngineUsesWhatItMeasured() {
        try (Engine engine = Engine.open("cpu", BatchLimits.measured(folder))) {
            int most = engine.load(TINY).group().network().maxRows();
            assertThat(most).isBetween(1, 16);
            BatchLimits.Measurement kept =
                    BatchLimits.measured(folder).recall(TINY, "cpu").orElseThrow();
            assertThat(kept.mostRows()).isEqualTo(most);
            assertThat(kept.rowsPerSecond().keySet()).contains(1, 2, 4, 8, 16);
        }
        // The control: another kept number is the one that is used.
        BatchLimits limits = BatchLimits.measured(folder);
        limits.remember(TINY, BatchLimits.Measurement.of(TINY, "cpu", new TreeMap<>(Map.of(1, 1.0, 3, 9.0))));
        try (Engine engine = Engine.open("cpu", limits)) {
            assertThat(engine.load(TINY).group().network().maxRows()).isEqualTo(3);
        }
        limits.remember(TINY, BatchLimits.Measurement.of(TINY, "cpu", new TreeMap<>(Map.of(1, 1.0, 500, 900.0))));
        try (Engine engine = Engine.open("cpu", limits)) {
            assertThat(engine.load(TINY).group().network().maxRows())
                    .as("never more than the manifest allows")
                    .isEqualTo(16);
        }
    }

    private static int choose(Map<Integer, Double> rowsPerSecond) {
        return BatchLimits.choose(new TreeMap<>(rowsPerSecond));
    }
}
