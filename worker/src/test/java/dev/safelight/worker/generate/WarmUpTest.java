package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Networks;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Walk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
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

    /** A load warms and measures in calls that take turns with those of jobs: a job waits for one of them at most. */
    @Test
    void aRunningJobWaitsForOneCallOfALoadAtMost() throws Exception {
        int steps = 60;
        List<String> turns = Collections.synchronizedList(new ArrayList<>());
        AtomicBoolean over = new AtomicBoolean();
        AtomicBoolean loaded = new AtomicBoolean();
        CountDownLatch begun = new CountDownLatch(1);
        try (Batcher batcher = new Batcher("turns")) {
            Model running = Jobs.model(
                    batcher,
                    new Networks.RowWise(16, row -> {
                        turns.add("step");
                        // As long as the load is on the host, which a busy machine leaves there for many a step.
                        while (begun.getCount() == 0 && batcher.waiting() == 0 && !loaded.get()) {
                            Thread.onSpinWait();
                        }
                        return row.latent();
                    }),
                    Latents.KEEP);
            Network taking = lasting(Duration.ofMillis(1));
            Gauged loading = new Gauged(
                    new Network() {
                        @Override
                        public int maxRows() {
                            return taking.maxRows();
                        }

                        @Override
                        public List<float[]> run(List<Row> rows) {
                            turns.add("load");
                            // As long as the job is on the host, which steps are for a moment only.
                            while (batcher.waiting() == 0 && !over.get()) {
                                Thread.onSpinWait();
                            }
                            return taking.run(rows);
                        }
                    },
                    now::get);
            Model other = Model.of(TINY, batcher, loading);
            Thread load = Thread.ofVirtual().start(() -> {
                try (Walk walk =
                        batcher.join(Jobs.ticket(), other.group(), false, 1).getFirst()) {
                    begun.await();
                    new WarmUp(other, loading).measure(walk);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                } finally {
                    loaded.set(true);
                }
            });
            new Generation(running, Jobs.input("ddim", steps, 1, 1)).run(Jobs.ticket(), _ -> begun.countDown());
            over.set(true);
            load.join();
        }
        List<String> whileItRan = turns.subList(turns.indexOf("step"), turns.lastIndexOf("step"));
        assertThat(IntStream.range(1, whileItRan.size()))
                .noneMatch(i -> whileItRan.get(i).equals("load")
                        && whileItRan.get(i - 1).equals("load"));
        assertThat(Collections.frequency(whileItRan, "load"))
                .as("the load goes on meanwhile")
                .isGreaterThan(steps / 3);
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
