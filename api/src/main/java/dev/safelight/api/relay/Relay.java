package dev.safelight.api.relay;

import dev.safelight.api.relay.RelayStore.DueQueue;
import dev.safelight.api.relay.ReleasePlan.Release;
import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.store.Database;
import dev.safelight.common.wire.Topics.Lane;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings waiting jobs from Postgres to Kafka, a small window at a time, so that priority and fairness are decided while
 * the backlog is still an {@code ORDER BY}. Any number of API processes may run one; for each queue one at a time works.
 */
public final class Relay implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Relay.class);
    private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(2);

    private final RelayStore store;
    private final DispatchPublisher publisher;
    private final Consumer<RelayStage> stages;
    private final WakeableLoop loop;
    private final Counter regular;
    private final Counter express;
    private final Counter again;
    private final Counter takenBack;

    /** @param stages told when a release passes a stage; {@code stage -> {}} outside tests */
    public Relay(
            Database database,
            KafkaSettings kafka,
            RelaySettings settings,
            MeterRegistry meters,
            Consumer<RelayStage> stages) {
        this.store = new RelayStore(database, settings);
        this.publisher = new DispatchPublisher(kafka);
        this.stages = stages;
        this.loop = new WakeableLoop("relay", settings.interval(), LONGEST_BACKOFF, this::runOnce);
        this.regular = meters.counter("safelight.relay.released", "lane", "regular");
        this.express = meters.counter("safelight.relay.released", "lane", "express");
        this.again = meters.counter("safelight.relay.released.again");
        this.takenBack = meters.counter("safelight.relay.taken.back");
    }

    public void start() {
        loop.start();
    }

    /** Says that there may be work: a job was committed, or one ended. Costs next to nothing, from any thread. */
    public void wake() {
        loop.wake();
    }

    /** One look at all queues. @return whether Kafka took all that was due */
    public boolean runOnce() {
        int expired = store.expire();
        if (expired > 0) {
            LOG.info("{} jobs expired before they started", expired);
        }
        boolean well = true;
        for (DueQueue queue : store.dueQueues()) {
            well &= release(queue);
        }
        return well;
    }

    private boolean release(DueQueue queue) {
        stages.accept(RelayStage.BEFORE_RELEASE);
        if (!publisher.ready(queue.name())) {
            return false;
        }
        RelayStore.Released released = store.release(queue);
        List<Release> releases = released.releases();
        again.increment(released.again());
        if (releases.isEmpty()) {
            return true;
        }
        stages.accept(RelayStage.BEFORE_PUBLISH);
        List<Release> failed = publisher.publish(queue.name(), releases);
        if (!failed.isEmpty()) {
            store.takeBack(failed);
            takenBack.increment(failed.size());
        }
        long urgent = releases.stream()
                .filter(release -> release.lane() == Lane.EXPRESS)
                .count();
        express.increment(urgent);
        regular.increment(releases.size() - urgent);
        return failed.isEmpty();
    }

    @Override
    public void close() {
        loop.close();
        publisher.close();
    }
}
