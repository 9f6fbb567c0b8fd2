package dev.safelight.api.webhook;

import dev.safelight.api.http.Handler;
import dev.safelight.api.query.JobQueries;
import dev.safelight.api.query.JobViews;
import dev.safelight.api.relay.WakeableLoop;
import dev.safelight.api.validate.WebhookCheck;
import dev.safelight.common.event.Signal;
import dev.safelight.common.job.JobState;
import dev.safelight.common.outbound.OutboundRules;
import dev.safelight.common.store.Database;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** The webhooks of one API process: what sends them, what tells of progress, what forgets, and their routes. */
public final class Webhooks implements AutoCloseable {
    private static final Duration SWEEP_INTERVAL = Duration.ofMinutes(10);
    private static final int SWEEP_BATCH = 1_000;

    private final Database database;
    private final WebhookSettings settings;
    private final DeliveryStore store;
    private final Secrets secrets;
    private final WebhookClient client;
    private final Attempts attempts;
    private final Dispatcher dispatcher;
    private final ProgressMessages progress;
    private final WakeableLoop sweeper;

    /** @param outbound where messages may go */
    public Webhooks(
            Vertx vertx,
            Database database,
            JobQueries jobs,
            JobViews views,
            WebhookSettings settings,
            OutboundRules outbound,
            Clock clock,
            MeterRegistry meters) {
        this.database = database;
        this.settings = settings;
        this.store = new DeliveryStore(database);
        this.secrets = new Secrets(database, settings.sealing());
        this.client = new WebhookClient(vertx, outbound, settings.timeout(), clock, Optional.empty());
        RetrySchedule schedule = new RetrySchedule(
                settings.delays(), () -> ThreadLocalRandom.current().nextDouble());
        this.attempts = new Attempts(store, secrets, jobs, views, client, schedule, settings.patience(), clock, meters);
        Targets targets = new Targets(settings.concurrency(), Dispatcher.MOST_IN_FLIGHT_OF_A_TENANT);
        this.dispatcher = new Dispatcher(store, settings, targets, attempts, meters);
        this.progress = new ProgressMessages(store, settings.progressInterval(), targets, attempts);
        this.sweeper = new WakeableLoop("webhook-sweeper", SWEEP_INTERVAL, SWEEP_INTERVAL, () -> {
            sweep();
            return true;
        });
    }

    public void start() {
        dispatcher.start();
        progress.start();
        sweeper.start();
    }

    /** Says that an event may have been written. */
    public void wake() {
        dispatcher.wake();
    }

    /** What a worker says of a job. */
    public void take(Signal.Entry entry) {
        if (entry.state() == JobState.RUNNING) {
            progress.moved(entry.key());
        } else if (entry.state().terminal()) {
            dispatcher.wake();
        }
    }

    /** By operation id. */
    public Map<String, Handler> handlers(WebhookCheck check) {
        EndpointStore endpoints = new EndpointStore(database, secrets);
        DeliveryQueries deliveries = new DeliveryQueries(database);
        Map<String, Handler> handlers = new HashMap<>();
        handlers.putAll(new EndpointRoutes(endpoints, deliveries, secrets, check, dispatcher::wake).handlers());
        handlers.putAll(new DeliveryRoutes(deliveries, endpoints, dispatcher::wake).handlers());
        return handlers;
    }

    Dispatcher dispatcher() {
        return dispatcher;
    }

    ProgressMessages progress() {
        return progress;
    }

    Attempts attempts() {
        return attempts;
    }

    DeliveryStore store() {
        return store;
    }

    Secrets secrets() {
        return secrets;
    }

    /** Removes what was settled long ago. @return how many deliveries */
    int sweep() {
        int forgotten = 0;
        int last;
        do {
            last = store.forget(settings.keep(), SWEEP_BATCH);
            forgotten += last;
        } while (last == SWEEP_BATCH);
        store.forgetRest();
        return forgotten;
    }

    @Override
    public void close() {
        sweeper.close();
        progress.close();
        dispatcher.close();
        client.close();
    }
}
