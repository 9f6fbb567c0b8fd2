package dev.safelight.api.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.http.Outlet;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One client's stream, on a socket and a clock that do as they are told. */
class EventStreamTest {
    private final SlowOutlet outlet = new SlowOutlet();
    private final TickedClock clock = new TickedClock();
    private final List<EventStream> gone = new ArrayList<>();
    private final EventStream stream =
            new EventStream(new JobKey("default", JobIds.next()), -1, 0, clock, opened -> {}, gone::add);

    @BeforeEach
    void open() {
        stream.open(outlet);
        outlet.takeAll();
        assertThat(outlet.text()).isEqualTo("retry: 1000\n\n");
        outlet.forget();
    }

    @Test
    void onePieceIsUnderWayAndWhatComesMeanwhileGoesTogether() {
        stream.take(-1, List.of(frame(0, 0), frame(4, 1)), false);
        stream.take(4, List.of(frame(5, 0)), false);
        stream.take(5, List.of(frame(9, 2)), false);
        assertThat(outlet.pieces).hasSize(1);
        outlet.takeAll();
        assertThat(outlet.pieces).hasSize(2);
        assertThat(outlet.text()).isEqualTo("0.4.5.9.");
        assertThat(stream.position()).isEqualTo(9);
    }

    @Test
    void aReadThatBeganBeyondTheClientLeavesNoGap() {
        stream.take(4, List.of(frame(5, 0)), false);
        assertThat(stream.position()).isEqualTo(-1);
        stream.take(-1, List.of(frame(0, 0), frame(4, 1)), false);
        stream.take(-1, List.of(frame(0, 0), frame(4, 1), frame(5, 0)), false);
        outlet.takeAll();
        assertThat(outlet.text()).isEqualTo("0.4.5.");
    }

    @Test
    void onlyTheLatestProgressOfTheRunningAttemptIsSent() {
        stream.progress(1, 1, bytes("early"));
        stream.take(-1, List.of(frame(0, 0), frame(1, 1)), false);
        stream.progress(1, 2, bytes("two "));
        stream.progress(1, 3, bytes("three "));
        stream.progress(1, 2, bytes("late"));
        stream.preview(1, 1, bytes("first preview"));
        stream.preview(1, 2, bytes("preview "));
        outlet.takeAll();
        assertThat(outlet.text()).isEqualTo("0.1.three preview ");
        outlet.forget();
        stream.progress(1, 3, bytes("again"));
        stream.take(1, List.of(frame(2, 0)), false);
        stream.progress(1, 4, bytes("of an attempt that is over"));
        stream.take(2, List.of(frame(3, 2)), false);
        stream.progress(2, 1, bytes("one "));
        outlet.takeAll();
        assertThat(outlet.text()).isEqualTo("2.3.one ");
    }

    @Test
    void progressThatWaitedIsForgottenWhenTheAttemptEnds() {
        stream.take(-1, List.of(frame(1, 1)), false);
        stream.progress(1, 2, bytes("stale"));
        stream.take(1, List.of(frame(2, 0)), false);
        outlet.takeAll();
        assertThat(outlet.text()).isEqualTo("1.2.");
    }

    @Test
    void theTerminalEventEndsTheReply() {
        stream.take(-1, List.of(frame(0, 0), new Frame(7, bytes("7."), 0, true)), false);
        stream.progress(0, 3, bytes("too late"));
        assertThat(outlet.ended).isFalse();
        outlet.takeAll();
        assertThat(outlet.text()).isEqualTo("0.7.");
        assertThat(outlet.ended).isTrue();
        assertThat(gone).contains(stream);
    }

    @Test
    void aSilentConnectionGetsAHeartbeat() {
        clock.tick(EventStream.HEARTBEAT.minusMillis(1));
        stream.beat();
        assertThat(outlet.pieces).isEmpty();
        clock.tick(Duration.ofMillis(1));
        stream.beat();
        stream.beat();
        outlet.takeAll();
        assertThat(outlet.text()).startsWith(":").endsWith("\n\n");
        assertThat(outlet.pieces).hasSize(1);
        clock.tick(EventStream.HEARTBEAT.dividedBy(2));
        stream.take(-1, List.of(frame(0, 0)), false);
        outlet.takeAll();
        outlet.forget();
        clock.tick(EventStream.HEARTBEAT.dividedBy(2));
        stream.beat();
        assertThat(outlet.pieces).as("something was sent since").isEmpty();
    }

    @Test
    void aSlowReaderIsCutBeforeMuchWaitsForIt() {
        byte[] large = new byte[10_000];
        long id = -1;
        boolean well = true;
        long given = 0;
        while (well) {
            well = stream.take(id, List.of(new Frame(id + 1, large, 0, false)), false);
            id++;
            given += large.length;
            assertThat(given).isLessThan(EventStream.MOST_WAITING + 3L * large.length);
        }
        assertThat(outlet.cut).isTrue();
        assertThat(gone).contains(stream);
        // Nothing more is taken, let alone kept.
        assertThat(stream.take(id, List.of(frame(id + 1, 0)), false)).isTrue();
        assertThat(outlet.pieces).hasSize(1);
    }

    @Test
    void progressAloneNeverCutsAnybody() {
        stream.take(-1, List.of(frame(1, 1)), false);
        byte[] large = new byte[100_000];
        for (int number = 1; number < 100; number++) {
            stream.progress(1, number, large);
            stream.preview(1, number, large);
        }
        outlet.takeAll();
        assertThat(outlet.cut).isFalse();
        assertThat(outlet.bytes()).isEqualTo(2 + 2 * large.length);
    }

    @Test
    void aSocketThatTakesNothingIsGivenUp() {
        stream.take(-1, List.of(frame(0, 0)), false);
        clock.tick(EventStream.STALLED.minusMillis(1));
        assertThat(stream.beat()).isTrue();
        assertThat(outlet.cut).isFalse();
        clock.tick(Duration.ofMillis(1));
        assertThat(stream.beat()).isFalse();
        assertThat(outlet.cut).isTrue();
    }

    @Test
    void aClientThatLeftIsForgotten() {
        stream.take(-1, List.of(frame(0, 0)), false);
        outlet.fail();
        assertThat(gone).contains(stream);
        stream.take(0, List.of(frame(1, 0)), false);
        assertThat(outlet.pieces).hasSize(1);
    }

    private static Frame frame(long id, int attempt) {
        return new Frame(id, bytes(id + "."), attempt, false);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Takes a piece when it is told to. */
    private static final class SlowOutlet implements Outlet {
        private final List<byte[]> pieces = new ArrayList<>();
        private CompletableFuture<Void> pending;
        private boolean ended;
        private boolean cut;

        @Override
        public CompletionStage<Void> send(byte[] bytes) {
            assertThat(pending).as("one piece at a time").isNull();
            pieces.add(bytes);
            pending = new CompletableFuture<>();
            return pending;
        }

        @Override
        public CompletionStage<Void> end() {
            assertThat(pending).isNull();
            ended = true;
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void cut() {
            cut = true;
        }

        void takeAll() {
            while (pending != null) {
                CompletableFuture<Void> taken = pending;
                pending = null;
                taken.complete(null);
            }
        }

        void fail() {
            CompletableFuture<Void> broken = pending;
            pending = null;
            broken.completeExceptionally(new IOException("reset"));
        }

        void forget() {
            pieces.clear();
        }

        int bytes() {
            return pieces.stream().mapToInt(piece -> piece.length).sum();
        }

        String text() {
            StringBuilder text = new StringBuilder();
            pieces.forEach(piece -> text.append(new String(piece, StandardCharsets.UTF_8)));
            return text.toString();
        }
    }

    private static final class TickedClock extends Clock {
        private Instant now = Instant.parse("2026-01-01T00:00:00Z");

        void tick(Duration by) {
            now = now.plus(by);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }
    }
}
