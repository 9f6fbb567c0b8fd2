package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Walk;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

class WarmUpTest {
    private static final Bundle TINY = Jobs.tiny();

    private final AtomicLong now = new AtomicLong();
    private final AtomicInteger calls = new AtomicInteger();

    /** Each call takes so long, by the clock of this test. */
    private Network lasting(Duration call) {
        return new Network() {
            @Override
            public int maxRows() {
                return 16;
            }

            @Override
            public List<float[]> run(List<Row> rows) {
                calls.incrementAndGet();
                now.addAndGet(call.toNanos());
                return rows.stream().map(Row::latent).toList();
            }
        };
    }

    private void with(Duration call, BiConsumer<WarmUp, Walk> use) {
        try (Batcher batcher = new Batcher("test")) {
            Gauged network = new Gauged(lasting(call), now::get);
            Model model = Model.of(TINY, batcher, network);
            try (Walk walk =
                    batcher.join(Jobs.ticket(), model.group(), false, 1).getFirst()) {
                use.accept(new WarmUp(model, network), walk);
            }
        }
    }

    @Test
    void aNetworkOfManySecondsIsAskedTwice() {
        with(
                Duration.ofSeconds(10),
                (warmUp, walk) ->
                        assertThat(Sweep.of(warmUp.measure(walk)).mostRows()).isEqualTo(1));
        assertThat(calls).hasValue(2);
    }

    @Test
    void andOnceWhereItsLimitIsKnown() {
        with(Duration.ofSeconds(10), (warmUp, walk) -> warmUp.upTo(walk, 16));
        assertThat(calls).hasValue(1);
    }

    @Test
    void aQuickOneIsMeasuredAtEverySize() {
        with(
                Duration.ofMillis(1),
                (warmUp, walk) -> assertThat(Sweep.of(warmUp.measure(walk)).rowsPerSecond())
                        .containsOnlyKeys(1, 2, 4, 8, 16));
        calls.set(0);
        with(Duration.ofMillis(1), (warmUp, walk) -> warmUp.upTo(walk, 6));
        assertThat(calls).as("four of each of 1, 2, 4 and 6 rows").hasValue(16);
    }
}
