package dev.safelight.worker.intake;

import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.wire.Topics.Lane;
import dev.safelight.worker.lease.Leases;
import dev.safelight.worker.store.ClaimedJob;
import dev.safelight.worker.store.JobStore;
import java.util.List;
import java.util.function.Consumer;

/** Brings jobs in by both lanes. */
public final class Intake implements AutoCloseable {
    private final Room room;
    private final TopicWatch watch;
    private final List<LaneIntake> lanes;
    private final CancelListener cancels;

    /**
     * @param slots jobs of the regular lane at a time; a poll takes no more than a quarter of them, so that what comes is
     *     spread over the workers
     * @param claimed told each job that this worker now holds; must not block
     */
    public Intake(
            KafkaSettings settings,
            List<String> queues,
            int slots,
            Room room,
            Leases leases,
            JobStore store,
            Consumer<ClaimedJob> claimed) {
        this.room = room;
        this.watch = new TopicWatch(settings, queues);
        this.cancels = new CancelListener(settings, leases, watch);
        ClaimDesk desk = new ClaimDesk(store, leases);
        int mostRecords = Math.clamp(slots / 4, 1, 4);
        this.lanes = List.of(
                new LaneIntake(Lane.REGULAR, settings, queues, mostRecords, room, leases, desk, watch, claimed),
                new LaneIntake(Lane.EXPRESS, settings, queues, mostRecords, room, leases, desk, watch, claimed));
    }

    public void start() {
        watch.start();
        lanes.forEach(LaneIntake::start);
        cancels.start();
    }

    /** Takes nothing more; what was claimed has been handed on when this returns. Cancels are still heard. */
    public void stop() {
        room.close();
        lanes.forEach(LaneIntake::close);
    }

    @Override
    public void close() {
        stop();
        cancels.close();
        watch.close();
    }
}
