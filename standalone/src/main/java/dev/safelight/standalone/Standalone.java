package dev.safelight.standalone;

import dev.safelight.api.ApiServer;
import dev.safelight.common.bundle.BundleLibrary;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.embedded.Folders;
import dev.safelight.embedded.LocalKafka;
import dev.safelight.embedded.LocalPostgres;
import dev.safelight.embedded.Ports;
import dev.safelight.migrations.Migrations;
import dev.safelight.worker.WorkerProcess;
import dev.safelight.worker.WorkerSettings;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Postgres, Kafka, migrations, API and one worker in one process. What takes long starts side by side; all of it stops
 * in the order in which nobody misses anybody.
 */
public final class Standalone implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Standalone.class);
    static final String DATABASE = "safelight";
    /** Settings are checked before there is a server to point them at. */
    private static final DatabaseSettings NO_DATABASE = new DatabaseSettings("jdbc:postgresql:none", "", "", 1);

    private final StandaloneSettings settings;
    /** Whoever was pushed last needs those before it and stops first. */
    private final ConcurrentLinkedDeque<AutoCloseable> parts = new ConcurrentLinkedDeque<>();

    private volatile boolean closing;
    private volatile LocalPostgres postgres;
    private BundleLibrary models;

    /** Not started yet, but can be closed from now on, also in the middle of its start. */
    public Standalone(StandaloneSettings settings) {
        this.settings = settings;
    }

    /** Returns once jobs are accepted and sampled. @throws CannotStart with nothing left running */
    public void start() throws CannotStart {
        try {
            open();
        } catch (IOException | RuntimeException e) {
            close();
            throw explain(e);
        } catch (CannotStart e) {
            close();
            throw e;
        }
    }

    public String url() {
        return settings.url();
    }

    /** What the worker has loaded, newest first. */
    public BundleLibrary models() {
        return models;
    }

    private void open() throws IOException, CannotStart {
        WorkerSettings unconnected = settings.worker(NO_DATABASE, "none:1", settings.data());
        settings.api(NO_DATABASE, "none:1", settings.data());
        models = BundleLibrary.open(settings.models());
        DataFolder data = DataFolder.open(settings.data());
        add(data);
        if (!Ports.isFree(settings.port())) {
            throw new CannotStart(
                    "port " + settings.port() + " is in use; stop what listens there, or choose another with --port");
        }
        try (SideBySide start = new SideBySide()) {
            var database = start.call(() -> startPostgres(data));
            var kafka = start.call(() -> startKafka(data));
            var equipment = start.call(() -> WorkerProcess.Equipment.load(unconnected));
            DatabaseSettings connected = database.join();
            String bootstrapServers = kafka.join();
            add(ApiServer.start(settings.api(connected, bootstrapServers, data.outputs())));
            // Stops before the API, which tells its clients how their jobs end.
            add(WorkerProcess.start(
                    settings.worker(connected, bootstrapServers, data.outputs()),
                    equipment.join(),
                    new PrometheusMeterRegistry(PrometheusConfig.DEFAULT)));
        }
    }

    private DatabaseSettings startPostgres(DataFolder data) {
        postgres = LocalPostgres.start(data.postgres(), 0);
        add(postgres);
        postgres.createDatabase(DATABASE, "template1");
        DatabaseSettings database = postgres.settings(DATABASE, 1);
        Migrations.apply(database);
        return database;
    }

    private String startKafka(DataFolder data) {
        LocalKafka kafka;
        try {
            kafka = LocalKafka.start(data.kafka(), 0);
        } catch (RuntimeException e) {
            LOG.warn("Kafka starts with an empty folder, because its old one is of no use: {}", e.toString());
            // Nothing is lost: Postgres knows every job, and releases again what no worker has.
            Folders.delete(data.kafka());
            kafka = LocalKafka.start(data.kafka(), 0);
        }
        add(kafka);
        return kafka.bootstrapServers();
    }

    private void add(AutoCloseable part) {
        parts.push(part);
        if (closing) {
            close();
            throw new CancellationException("stopped while starting");
        }
    }

    /** Drains the worker and stops everything, last what others need. */
    @Override
    public void close() {
        closing = true;
        for (AutoCloseable part = parts.poll(); part != null; part = parts.poll()) {
            try {
                part.close();
            } catch (Exception e) {
                LOG.warn("stopping {}: {}", part.getClass().getSimpleName(), e.toString());
            }
        }
    }

    /**
     * As {@link #close()}, but no longer than {@code patience}: what does not stop is left to crash recovery, which
     * every part of the system is made for. Only for a process that ends right after.
     */
    public void closeWithin(Duration patience) throws InterruptedException {
        Thread closing = Thread.ofPlatform().name("close").daemon().start(this::close);
        if (!closing.join(patience)) {
            LOG.warn("not everything stopped within {} s; the rest is cut off", patience.toSeconds());
            if (postgres != null) {
                // Its process would outlive ours.
                postgres.kill();
            }
        }
    }

    private static CannotStart explain(Exception failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        LOG.debug("cannot start", cause);
        String message = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        return new CannotStart(message.replaceAll("\\R+", "; "), cause);
    }
}
