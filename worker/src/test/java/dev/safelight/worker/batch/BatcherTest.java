package dev.safelight.worker.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.worker.batch.EvaluationStopped.Canceled;
import dev.safelight.worker.batch.EvaluationStopped.DeviceFailed;
import dev.safelight.worker.batch.EvaluationStopped.LeaseLost;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BatcherTest {
    private final Batcher batcher = new Batcher("test");
    private final List<Gate> gates = new ArrayList<>();

    @AfterEach
    void close() {
        gates.forEach(gate -> gate.open.countDown());
        batcher.close();
    }

    @Test
    void everyRowGetsItsOwnOutput() throws Exception {
        Group group = Networks.group(new Networks.RowWise(8, row -> new float[] {2 * row.latent()[0]}));

        List<CompletableFuture<List<float[]>>> answers = new ArrayList<>();
        List<Walk> walks = batcher.join(ticket(), group, false, 4);
        for (int i = 0; i < 4; i++) {
            float value = i;
            answers.add(
                    onWalk(walks.get(i), walk -> walk.evaluate(List.of(Networks.row(value), Networks.row(-value)))));
        }

        for (int i = 0; i < 4; i++) {
            List<float[]> outputs = answers.get(i).get();
            assertThat(outputs).hasSize(2);
            assertThat(outputs.get(0)).containsExactly(2f * i);
            assertThat(outputs.get(1)).containsExactly(-2f * i);
        }
    }

    @Test
    void walksThatJoinTogetherShareTheirFirstCall() throws Exception {
        Networks.RowWise network = Networks.echo(8);
        Gate gate = held();
        List<Walk> walks = batcher.join(ticket(), Networks.group(network), false, 8);

        List<CompletableFuture<List<float[]>>> answers = walks.stream()
                .map(open -> onWalk(open, walk -> walk.evaluate(List.of(Networks.row(1)))))
                .toList();
        awaitWaiting(8);
        gate.open.countDown();
        for (CompletableFuture<List<float[]>> answer : answers) {
            answer.get();
        }

        assertThat(network.calls()).containsExactly(8);
    }

    @Test
    void aCallsTimeIsSharedByRows() throws Exception {
        Gate gate = held();
        Ticket one = ticket();
        Ticket three = ticket();
        Group group = Networks.group(Networks.echo(8));
        CompletableFuture<List<float[]>> first = onNewWalk(group, one);
        CompletableFuture<List<float[]>> second = onWalk(
                join(three, group), walk -> walk.evaluate(List.of(Networks.row(1), Networks.row(2), Networks.row(3))));
        awaitWaiting(2);
        assertThat(one.evaluations()).isZero();
        gate.open.countDown();
        first.get();
        second.get();

        assertThat(one.evaluations()).isEqualTo(1);
        assertThat(three.evaluations()).isEqualTo(3);
        assertThat(one.deviceNanos()).isPositive();
        // Both shares are rounded down.
        assertThat(three.deviceNanos() - 3 * one.deviceNanos()).isBetween(0L, 3L);
    }

    @Test
    void stepsNearTheDeviceRunOnItsThreadAndMissNoCall() throws Exception {
        Networks.RowWise network = Networks.echo(8);
        CountDownLatch present = new CountDownLatch(8);
        Set<String> threads = ConcurrentHashMap.newKeySet();
        List<CompletableFuture<Float>> sums = batcher.join(ticket(), Networks.group(network), false, 8).stream()
                .map(open -> onWalk(
                        open,
                        walk -> walk.near(() -> {
                            present.countDown();
                            await(present);
                            float sum = 0;
                            for (int step = 0; step < 30; step++) {
                                threads.add(Thread.currentThread().toString().replaceFirst("^.*@", ""));
                                sum += walk.evaluate(List.of(Networks.row(step)))
                                        .getFirst()[0];
                            }
                            return sum;
                        })))
                .toList();

        for (CompletableFuture<Float> sum : sums) {
            assertThat(sum.get()).isEqualTo(435);
        }
        assertThat(threads).containsExactly("device-test");
        assertThat(network.calls()).hasSize(30).containsOnly(8);
    }

    @Test
    void whoStandsStillNearTheDeviceHoldsNobodyUp() throws Exception {
        Group group = Networks.group(Networks.echo(8));
        CountDownLatch standing = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        CompletableFuture<List<float[]>> still = onWalk(
                join(ticket(), group),
                walk -> walk.near(() -> {
                    standing.countDown();
                    await(release);
                    return walk.evaluate(List.of(Networks.row(1)));
                }));
        standing.await();

        assertThat(onNewWalk(group, ticket()).get()).hasSize(1);
        release.countDown();
        assertThat(still.get()).hasSize(1);
    }

    @Test
    void whatIsThrownNearTheDeviceComesBackAsItWas() throws Exception {
        Group group = Networks.group(Networks.echo(8));
        IllegalArgumentException bug = new IllegalArgumentException("a bug");
        assertThat(catchThrowable(onWalk(
                        join(ticket(), group),
                        walk -> walk.near(() -> {
                            walk.evaluate(List.of(Networks.row(1)));
                            throw bug;
                        }))::get))
                .hasCause(bug);
        assertThat(onNewWalk(group, ticket()).get()).as("the device lives on").hasSize(1);
    }

    @Test
    void cancelAndCloseEndStepsNearTheDevice() throws Exception {
        Gate gate = gate();
        Group group = Networks.group(gate);
        Ticket ticket = ticket();
        Work<List<float[]>> endless = walk -> walk.near(() -> {
            while (true) {
                walk.evaluate(List.of(Networks.row(1)));
            }
        });
        CompletableFuture<List<float[]>> canceled = onWalk(join(ticket, group), endless);
        CompletableFuture<List<float[]>> abandoned = onWalk(join(ticket(), group), endless);
        gate.entered.await();
        ticket.cancel();
        gate.open.countDown();
        assertThat(catchThrowable(canceled::get)).hasCauseInstanceOf(Canceled.class);

        batcher.close();
        assertThat(catchThrowable(abandoned::get)).hasCauseInstanceOf(LeaseLost.class);
        assertThat(catchThrowable(onWalk(join(ticket(), group), endless)::get)).hasCauseInstanceOf(LeaseLost.class);
    }

    @Test
    void cancelEndsAWalkWhoseRowsWait() throws Exception {
        Gate gate = gate();
        Group group = Networks.group(gate);
        CompletableFuture<List<float[]>> holder = onNewWalk(group, ticket());
        gate.entered.await();
        Ticket ticket = ticket();
        CompletableFuture<List<float[]>> waiting = onNewWalk(group, ticket);
        awaitWaiting(1);

        // The device is still inside the holder's call, so only the cancel can have ended this one.
        ticket.cancel();
        assertThat(catchThrowable(waiting::get)).hasCauseInstanceOf(Canceled.class);

        gate.open.countDown();
        assertThat(holder.get()).hasSize(1);
    }

    @Test
    void cancelEndsAWalkInsideACallWhenTheCallEnds() throws Exception {
        Gate gate = gate();
        Ticket ticket = ticket();
        CompletableFuture<List<float[]>> running = onNewWalk(Networks.group(gate), ticket);
        gate.entered.await();

        ticket.cancel();
        gate.open.countDown();

        assertThat(catchThrowable(running::get)).hasCauseInstanceOf(Canceled.class);
    }

    @Test
    void aStoppedTicketEvaluatesNothing() {
        Networks.RowWise network = Networks.echo(8);
        Ticket before = ticket();
        before.loseLease();
        try (Walk walk = join(before, Networks.group(network))) {
            assertThatThrownBy(() -> walk.evaluate(List.of(Networks.row(1)))).isInstanceOf(LeaseLost.class);
        }
        Ticket between = ticket();
        try (Walk walk = join(between, Networks.group(network))) {
            walk.evaluate(List.of(Networks.row(1)));
            between.cancel();
            between.loseLease();
            assertThatThrownBy(() -> walk.evaluate(List.of(Networks.row(1))))
                    .as("the first reason counts")
                    .isInstanceOf(Canceled.class);
        }
        assertThat(network.calls()).containsExactly(1);
    }

    @Test
    void onlyThePoisonousRowFails() throws Exception {
        Networks.RowWise network = new Networks.RowWise(8, row -> {
            if (row.latent()[0] == 5) {
                throw new IllegalStateException("poison");
            }
            return row.latent();
        });
        Gate gate = held();
        List<Walk> walks = batcher.join(ticket(), Networks.group(network), false, 8);

        List<CompletableFuture<List<float[]>>> answers = IntStream.range(0, 8)
                .mapToObj(i -> onWalk(walks.get(i), walk -> walk.evaluate(List.of(Networks.row(i)))))
                .toList();
        awaitWaiting(8);
        gate.open.countDown();

        for (int i = 0; i < 8; i++) {
            if (i == 5) {
                assertThat(catchThrowable(answers.get(i)::get))
                        .hasCauseInstanceOf(DeviceFailed.class)
                        .hasMessageContaining("poison");
            } else {
                assertThat(answers.get(i).get().getFirst()).containsExactly(i);
            }
        }
        assertThat(network.calls().subList(1, network.calls().size()))
                .as("halves")
                .contains(4, 2, 1);
        assertThat(onNewWalk(Networks.group(network), ticket()).get())
                .as("the device lives on")
                .hasSize(1);
    }

    @Test
    void aCallThatDoesNotFitIsSplitUntilItDoes() throws Exception {
        AtomicInteger largest = new AtomicInteger();
        Network network = new Network() {
            @Override
            public int maxRows() {
                return 8;
            }

            @Override
            public List<float[]> run(List<Row> rows) {
                if (rows.size() > 3) {
                    throw new OutOfMemory("full", null);
                }
                largest.accumulateAndGet(rows.size(), Math::max);
                return rows.stream().map(Row::latent).toList();
            }
        };
        Group group = Networks.group(network);
        Gate gate = held();
        List<Walk> walks = batcher.join(ticket(), group, false, 8);

        List<CompletableFuture<List<float[]>>> answers = walks.stream()
                .map(open -> onWalk(open, walk -> {
                    walk.evaluate(List.of(Networks.row(1)));
                    return walk.evaluate(List.of(Networks.row(2)));
                }))
                .toList();
        awaitWaiting(8);
        gate.open.countDown();
        for (CompletableFuture<List<float[]>> answer : answers) {
            assertThat(answer.get()).hasSize(1);
        }
        assertThat(largest).hasValue(2);

        try (Walk walk = join(ticket(), group)) {
            DeviceFailed failure = (DeviceFailed) catchThrowable(
                    () -> walk.evaluate(List.of(Networks.row(1), Networks.row(2), Networks.row(3), Networks.row(4))));
            assertThat(failure.outOfMemory()).isTrue();
        }
    }

    /** The heap is everybody's: it says nothing of the rows, nor of how many the device can hold. */
    @Test
    void anErrorOfTheProcessIsNoFailureOfTheDevice() throws Exception {
        AtomicInteger failures = new AtomicInteger(1);
        Networks.RowWise network = new Networks.RowWise(8, row -> {
            if (failures.getAndDecrement() > 0) {
                throw new OutOfMemoryError("Java heap space");
            }
            return row.latent();
        });
        Group group = Networks.group(network);
        Gate gate = held();
        List<CompletableFuture<List<float[]>>> answers = batcher.join(ticket(), group, false, 8).stream()
                .map(open -> onWalk(open, walk -> {
                    walk.evaluate(List.of(Networks.row(1)));
                    return walk.evaluate(List.of(Networks.row(2)));
                }))
                .toList();
        awaitWaiting(8);
        gate.open.countDown();
        for (CompletableFuture<List<float[]>> answer : answers) {
            assertThat(answer.get()).hasSize(1);
        }
        assertThat(network.calls()).containsExactly(8, 4, 4, 8);

        failures.set(1);
        assertThat(catchThrowable(onNewWalk(group, ticket())::get)).hasCauseInstanceOf(OutOfMemoryError.class);
        assertThat(onNewWalk(group, ticket()).get()).as("the device lives on").hasSize(1);
    }

    @Test
    void aNetworkThatReturnsTooLittleFailsItsRowsOnly() throws Exception {
        Network liar = new Network() {
            @Override
            public int maxRows() {
                return 8;
            }

            @Override
            public List<float[]> run(List<Row> rows) {
                return List.of();
            }
        };
        assertThat(catchThrowable(onNewWalk(Networks.group(liar), ticket())::get))
                .hasCauseInstanceOf(DeviceFailed.class);
        assertThat(onNewWalk(Networks.group(Networks.echo(1)), ticket()).get()).hasSize(1);
    }

    @Test
    void closingSendsAwayThoseWhoWait() throws Exception {
        Gate gate = gate();
        CompletableFuture<List<float[]>> running = onNewWalk(Networks.group(gate), ticket());
        gate.entered.await();
        CompletableFuture<List<float[]>> waiting = onNewWalk(Networks.group(gate), ticket());
        awaitWaiting(1);
        Thread closing = Thread.ofVirtual().start(batcher::close);
        while (!batcher.closed()) {
            Thread.onSpinWait();
        }
        gate.open.countDown();
        closing.join();

        assertThat(running.get()).hasSize(1);
        assertThat(catchThrowable(waiting::get)).hasCauseInstanceOf(LeaseLost.class);
        try (Walk walk = join(ticket(), Networks.group(Networks.echo(1)))) {
            assertThatThrownBy(() -> walk.evaluate(List.of(Networks.row(1)))).isInstanceOf(LeaseLost.class);
        }
    }

    @Test
    void anInterruptIsKeptForLater() throws Exception {
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try (Walk walk = join(ticket(), Networks.group(Networks.echo(1)))) {
                Thread.currentThread().interrupt();
                walk.evaluate(List.of(Networks.row(1)));
                interrupted.complete(Thread.interrupted());
            } catch (RuntimeException e) {
                interrupted.completeExceptionally(e);
            }
        });
        assertThat(interrupted.get()).isTrue();
    }

    /** Many walks of several groups come, go, are canceled and fail; each must come to an end, with its own outputs. */
    @Test
    void noWakeUpIsLost() throws Exception {
        List<Group> groups = List.of(
                Networks.group(Networks.echo(3)),
                Networks.group(Networks.echo(16)),
                Networks.group(new Networks.RowWise(5, row -> {
                    if (row.latent()[0] == 13) {
                        throw new IllegalStateException("poison");
                    }
                    return row.latent();
                })));
        RandomGenerator seeds = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
        CountDownLatch ended = new CountDownLatch(600);
        AtomicInteger wrong = new AtomicInteger();
        for (int job = 0; job < 200; job++) {
            RandomGenerator random =
                    RandomGeneratorFactory.of("L64X128MixRandom").create(seeds.nextLong());
            Ticket ticket = new Ticket(
                    new JobKey("tenant-" + job % 5, UUID.randomUUID()), Priority.ofRank(job % 3), job, job % 17 == 0);
            List<Walk> walks = batcher.join(ticket, groups.get(job % 3), job % 11 == 0, 3);
            for (Walk open : walks) {
                long seed = random.nextLong();
                Thread.ofVirtual().start(() -> {
                    try (open) {
                        RandomGenerator own =
                                RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
                        if (!(own.nextBoolean() ? open.near(() -> steps(open, own)) : steps(open, own))) {
                            wrong.incrementAndGet();
                        }
                    } catch (EvaluationStopped expected) {
                        // Canceled or poisoned: an end like any other.
                    } finally {
                        ended.countDown();
                    }
                });
            }
            if (job % 7 == 0) {
                Thread.ofVirtual().start(ticket::cancel);
            }
        }

        assertThat(ended.await(50, TimeUnit.SECONDS))
                .as("left: %s", ended.getCount())
                .isTrue();
        assertThat(wrong).hasValue(0);
        assertThat(batcher.counters().failedCalls()).isPositive();
    }

    private static boolean steps(Walk walk, RandomGenerator random) {
        int steps = random.nextInt(1, 40);
        for (int step = 0; step < steps; step++) {
            float value = random.nextInt(400);
            List<float[]> outputs = random.nextBoolean()
                    ? walk.evaluate(List.of(Networks.row(value)))
                    : walk.evaluate(List.of(Networks.row(value), Networks.row(value + 0.5f)));
            if (outputs.getFirst()[0] != value || outputs.size() == 2 && outputs.getLast()[0] != value + 0.5f) {
                return false;
            }
        }
        return true;
    }

    /** Holds its first call until it is told to go on. */
    private static final class Gate implements Network {
        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);

        @Override
        public int maxRows() {
            return 8;
        }

        @Override
        public List<float[]> run(List<Row> rows) {
            entered.countDown();
            BatcherTest.await(open);
            return rows.stream().map(Row::latent).toList();
        }
    }

    /** Opened at the end of the test at the latest, so that a test that fails ends too. */
    private Gate gate() {
        Gate gate = new Gate();
        gates.add(gate);
        return gate;
    }

    /** Keeps the device inside a call of another group. */
    private Gate held() throws InterruptedException {
        Gate gate = gate();
        onNewWalk(Networks.group(gate), ticket());
        gate.entered.await();
        return gate;
    }

    private void awaitWaiting(int walks) {
        while (batcher.waiting() < walks) {
            Thread.onSpinWait();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private interface Work<T> {
        T on(Walk walk);
    }

    private static Ticket ticket() {
        return new Ticket(new JobKey("default", UUID.randomUUID()), Priority.NORMAL, 0, false);
    }

    private Walk join(Ticket ticket, Group group) {
        return batcher.join(ticket, group, false, 1).getFirst();
    }

    private CompletableFuture<List<float[]>> onNewWalk(Group group, Ticket ticket) {
        return onWalk(join(ticket, group), walk -> walk.evaluate(List.of(Networks.row(1))));
    }

    private static <T> CompletableFuture<T> onWalk(Walk open, Work<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Callable<T> task = () -> {
            try (open) {
                return work.on(open);
            }
        };
        Thread.ofVirtual().start(() -> {
            try {
                result.complete(task.call());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }
}
