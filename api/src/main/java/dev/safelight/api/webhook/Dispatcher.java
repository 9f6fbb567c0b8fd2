package dev.safelight.api.webhook;

import dev.safelight.api.relay.WakeableLoop;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends what is due. Every API process runs one; they skip each other's rows. A target that is slow or dead fills its own
 * room and nobody else's, and a tenant with many of them its own.
 */
final class Dispatcher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
    private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(5);
    private static final Duration PATIENCE_AT_CLOSE = Duration.ofSeconds(3);
    /** Targets of one look; more are looked at in turn. */
    private static final int MOST_TARGETS = 500;
    /** An attempt is a parked virtual thread and a socket: many are cheap, and every dead target holds one. */
    private static final int MOST_IN_FLIGHT = 2_048;
    /** A tenant may name a dead target in each of its jobs. */
    static final int MOST_IN_FLIGHT_OF_A_TENANT = 256;

    private final DeliveryStore store;
    private final WebhookSettings settings;
    private final Targets targets;
    private final Attempts attempts;
    private final WakeableLoop loop;
    private final ExecutorService senders = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("webhook-", 0).factory());
    private volatile double overdue;
    private String after = "";

    Dispatcher(
            DeliveryStore store, WebhookSettings settings, Targets targets, Attempts attempts, MeterRegistry meters) {
        this.store = store;
        this.settings = settings;
        this.targets = targets;
        this.attempts = attempts;
        this.loop = new WakeableLoop("webhooks", settings.interval(), LONGEST_BACKOFF, () -> {
            runOnce();
            return true;
        });
        Gauge.builder("safelight.webhook.overdue", this, dispatcher -> dispatcher.overdue)
                .description("How long the oldest webhook that is due has waited for an attempt")
                .baseUnit("seconds")
                .register(meters);
        Gauge.builder("safelight.webhook.in.flight", targets, Targets::total)
                .description("Webhooks that are being sent")
                .register(meters);
    }

    void start() {
        loop.start();
    }

    /** Says that there may be something to send. Costs next to nothing, from any thread. */
    void wake() {
        loop.wake();
    }

    /** One look; attempts go on behind it. @return how many were begun */
    int runOnce() {
        OptionalDouble waiting = store.overdue();
        overdue = waiting.orElse(0);
        if (waiting.isEmpty()) {
            return 0;
        }
        int free = MOST_IN_FLIGHT - targets.total();
        if (free <= 0) {
            return 0;
        }
        List<DeliveryStore.Target> due = store.dueTargets(after, targets.full(), targets.fullTenants(), MOST_TARGETS);
        boolean more = due.size() == MOST_TARGETS;
        // Those behind the last one come next; in the end it begins again at the first.
        boolean wrapped = !after.isEmpty();
        after = more ? due.getLast().name() : "";
        int begun = send(due, free);
        if (more || wrapped || begun == free) {
            wake();
        }
        return begun;
    }

    private int send(List<DeliveryStore.Target> due, int free) {
        List<String> chosen = new ArrayList<>();
        List<Integer> rooms = new ArrayList<>();
        Map<String, Integer> leftOfTenants = new HashMap<>();
        int left = free;
        boolean cut = false;
        for (DeliveryStore.Target target : due) {
            int leftOfTenant = leftOfTenants.computeIfAbsent(target.tenantId(), targets::roomOfTenant);
            int wanted = targets.room(target.name());
            int room = Math.min(wanted, Math.min(left, leftOfTenant));
            cut |= room < wanted;
            if (room > 0) {
                chosen.add(target.name());
                rooms.add(room);
                left -= room;
                leftOfTenants.put(target.tenantId(), leftOfTenant - room);
            }
        }
        if (chosen.isEmpty()) {
            return 0;
        }
        long claimedAt = System.nanoTime();
        List<Due> claimed = store.claim(chosen, rooms, settings.lease());
        for (Due delivery : claimed) {
            targets.enter(delivery);
            senders.execute(() -> attempt(delivery, claimedAt));
        }
        if (cut && !claimed.isEmpty()) {
            // Room was kept for targets that had less to send; what it was cut off from may have it now.
            wake();
        }
        return claimed.size();
    }

    private void attempt(Due due, long claimedAt) {
        Targets.Heard heard = Targets.Heard.NOTHING;
        try {
            heard = attempts.make(due, claimedAt);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            // Its lease runs out, and then it is tried again.
            LOG.warn(
                    "delivery {}: attempt {} could not be made or recorded: {}",
                    due.deliveryId(),
                    due.attempt(),
                    firstLine(e));
        } finally {
            targets.leave(due, heard);
            wake();
        }
    }

    private static String firstLine(RuntimeException failure) {
        return failure.toString().lines().findFirst().orElse("");
    }

    /** Returns once nothing is in flight; for tests. */
    boolean awaitIdle(Duration patience) throws InterruptedException {
        return targets.awaitIdle(patience.toMillis());
    }

    /** Lets what is in flight finish for a moment; the rest is sent again when its lease has run out. */
    @Override
    public void close() {
        loop.close();
        try {
            targets.awaitIdle(PATIENCE_AT_CLOSE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        senders.shutdownNow();
    }
}
