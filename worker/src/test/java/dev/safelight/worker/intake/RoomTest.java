package dev.safelight.worker.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.wire.Topics.Lane;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RoomTest {
    private static final Duration NOW = Duration.ZERO;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Room room = new Room(2, 1);

    @Test
    void theRegularLaneFillsTheSlotsAndTheExpressLaneTheHeadroom() throws InterruptedException {
        room.enter(false);
        assertThat(room.await(Lane.REGULAR, NOW)).isTrue();
        room.enter(false);
        assertThat(room.await(Lane.REGULAR, NOW)).isFalse();
        assertThat(room.await(Lane.EXPRESS, NOW)).isTrue();
        room.enter(false);
        assertThat(room.await(Lane.EXPRESS, NOW)).isFalse();
        room.leave(false, false);
        room.leave(false, false);
        assertThat(room.await(Lane.REGULAR, NOW)).isTrue();
    }

    @Test
    void aJobThatLeavesWakesTheLaneThatWaits() throws Exception {
        room.enter(false);
        room.enter(false);
        CompletableFuture<Boolean> waiting = CompletableFuture.supplyAsync(() -> awaitRegular());
        room.leave(false, false);
        assertThat(waiting.get(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aJobThatMustBeAloneWaitsForTheOthersAndKeepsNewOnesOut() throws Exception {
        room.enter(false);
        room.enter(true);
        assertThat(room.await(Lane.REGULAR, NOW)).isFalse();
        assertThat(room.await(Lane.EXPRESS, NOW)).isFalse();
        assertThat(room.awaitAlone(NOW)).isFalse();
        room.leave(false, false);
        assertThat(room.awaitAlone(NOW)).isTrue();
        assertThat(room.await(Lane.EXPRESS, NOW)).isFalse();
        room.leave(true, true);
        assertThat(room.await(Lane.REGULAR, NOW)).isTrue();
    }

    @Test
    void twoThatMustBeAloneRunOneAfterTheOther() throws Exception {
        room.enter(true);
        room.enter(true);
        assertThat(room.awaitAlone(NOW)).isTrue();
        assertThat(room.awaitAlone(NOW)).as("the second").isFalse();
        room.leave(true, true);
        assertThat(room.awaitAlone(NOW)).isTrue();
    }

    @Test
    void oneThatGaveUpWaitingLeavesTheRoomToTheOther() throws Exception {
        room.enter(true);
        room.enter(true);
        assertThat(room.awaitAlone(NOW)).isTrue();
        room.leave(true, false);
        assertThat(room.awaitAlone(NOW)).as("the first still runs").isFalse();
        room.leave(true, true);
        assertThat(room.jobs()).isZero();
        assertThat(room.awaitEmpty(NOW)).isTrue();
    }

    @Test
    void aClosedRoomTakesNothing() throws Exception {
        room.close();
        assertThat(room.await(Lane.EXPRESS, PATIENCE)).isFalse();
    }

    private boolean awaitRegular() {
        try {
            return room.await(Lane.REGULAR, PATIENCE);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
