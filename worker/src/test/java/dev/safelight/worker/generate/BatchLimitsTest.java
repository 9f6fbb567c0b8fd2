package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Networks;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.batch.Walk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
        limits.remember(TINY, measured(1, 1.0, 2, 3.0));

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
            // Nothing is kept where the machine that tests run on is busy.
            BatchLimits.measured(folder).recall(TINY, "cpu").ifPresent(kept -> {
                assertThat(kept.mostRows()).isEqualTo(most);
                assertThat(kept.sweep().rowsPerSecond().keySet()).contains(1, 2, 4, 8, 16);
            });
        }
        // The control: another kept number is the one that is used.
        BatchLimits limits = BatchLimits.measured(folder);
        limits.remember(TINY, measured(1, 1.0, 3, 9.0));
        try (Engine engine = Engine.open("cpu", limits)) {
            assertThat(engine.load(TINY).group().network().maxRows()).isEqualTo(3);
        }
        limits.remember(TINY, measured(1, 1.0, 500, 900.0));
        try (Engine engine = Engine.open("cpu", limits)) {
            assertThat(engine.load(TINY).group().network().maxRows())
                    .as("never more than the manifest allows")
                    .isEqualTo(16);
        }
    }

    // What was measured while the machine was busy.

    @Test
    void roundsThatDisagreeAreUsedAndNotKept() {
        BatchLimits limits = BatchLimits.measured(folder);
        Sweep busy = Sweep.of(List.of(
                new TreeMap<>(Map.of(1, 100.0, 2, 190.0)),
                new TreeMap<>(Map.of(1, 101.0, 2, 90.0)),
                new TreeMap<>(Map.of(1, 99.0, 2, 185.0))));
        assertThat(busy.mostRows())
                .as("the best of each size is what the machine can do")
                .isEqualTo(2);
        limits.remember(TINY, BatchLimits.Measurement.of(TINY, "cpu", busy));
        assertThat(limits.recall(TINY, "cpu")).isEmpty();

        Sweep quiet =
                Sweep.of(List.of(new TreeMap<>(Map.of(1, 100.0, 2, 190.0)), new TreeMap<>(Map.of(1, 104.0, 2, 186.0))));
        limits.remember(TINY, BatchLimits.Measurement.of(TINY, "cpu", quiet));
        assertThat(limits.recall(TINY, "cpu")).isPresent();
    }

    /** A device without a device: each call moves the clock on by 1 ms and 0.1 ms a row, and the third round is disturbed. */
    @ParameterizedTest
    @ValueSource(longs = {0, 5})
    void theWarmUpSeesWhatElseTheMachineDid(long disturbedMillis) {
        AtomicLong clock = new AtomicLong();
        // Five sizes are warmed and timed first; the disturbance begins when all of them have been timed twice.
        AtomicInteger timed = new AtomicInteger();
        Networks.RowWise rows = new Networks.RowWise(16, row -> new float[row.latent().length]);
        Network slow = new Network() {
            @Override
            public int maxRows() {
                return rows.maxRows();
            }

            @Override
            public List<float[]> run(List<Row> batch) {
                int calls = timed.incrementAndGet();
                long disturbed = calls > CALLS_OF_TWO_ROUNDS ? disturbedMillis * 1_000_000 : 0;
                clock.addAndGet(1_000_000 + 100_000L * batch.size() + disturbed);
                return rows.run(batch);
            }
        };
        try (Batcher batcher = new Batcher("sweep")) {
            Gauged gauged = new Gauged(slow, clock::get);
            Model model = Model.of(TINY, batcher, gauged);
            Ticket ticket = Jobs.ticket();
            try (Walk walk = batcher.join(ticket, model.group(), false, 1).getFirst()) {
                Sweep sweep = Sweep.of(new WarmUp(model, gauged).measure(walk));
                assertThat(sweep.rowsPerSecond()).containsOnlyKeys(1, 2, 4, 8, 16);
                assertThat(sweep.rowsPerSecond().get(16)).isCloseTo(16 / 2.6e-3, within(1.0));
                assertThat(sweep.mostRows()).isEqualTo(16);
                assertThat(sweep.steady()).isEqualTo(disturbedMillis == 0);
            }
        }
    }

    /** Four to warm each of five sizes; then twice as many as fit into 20 ms: of 1.1, 1.2, 1.4, 1.8 and 2.6 ms. */
    private static final int CALLS_OF_TWO_ROUNDS = 5 * 4 + 2 * (19 + 17 + 15 + 12 + 8);

    private static BatchLimits.Measurement measured(int one, double rate, int other, double otherRate) {
        return BatchLimits.Measurement.of(
                TINY, "cpu", new Sweep(new TreeMap<>(Map.of(one, rate, other, otherRate)), 1));
    }

    private static int choose(Map<Integer, Double> rowsPerSecond) {
        return new Sweep(new TreeMap<>(rowsPerSecond), 1).mostRows();
    }
}
