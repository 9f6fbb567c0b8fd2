package dev.safelight.worker;

import dev.safelight.common.bundle.BundleShelf;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.ForeignStoreException;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.ObjectStores;
import dev.safelight.common.store.Schema;
import dev.safelight.common.store.StoreClaim;
import dev.safelight.worker.attempt.Attempts;
import dev.safelight.worker.attempt.Models;
import dev.safelight.worker.checkpoint.Checkpoints;
import dev.safelight.worker.generate.BatchLimits;
import dev.safelight.worker.generate.Engine;
import dev.safelight.worker.generate.EngineLoader;
import dev.safelight.worker.generate.Model;
import dev.safelight.worker.generate.ModelCache;
import dev.safelight.worker.intake.Intake;
import dev.safelight.worker.intake.Room;
import dev.safelight.worker.lease.Heartbeat;
import dev.safelight.worker.lease.Leases;
import dev.safelight.worker.preview.PreviewSender;
import dev.safelight.worker.preview.Previews;
import dev.safelight.worker.safety.Safety;
import dev.safelight.worker.signal.Signals;
import dev.safelight.worker.store.CheckpointStore;
import dev.safelight.worker.store.JobStore;
import dev.safelight.worker.store.Transient;
import dev.safelight.worker.store.WorkerRow;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A worker: its parts, put together, started and stopped in order. */
public final class WorkerProcess implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerProcess.class);
    /** After the grace: for the attempts to reach their next step, and for Postgres to hear of it. */
    private static final Duration HAND_BACK = Duration.ofSeconds(2);

    /** Bytes of the largest checkpoint that a row takes; larger ones go to the object store. */
    private static final int MOST_INLINE = 256 * 1024;

    /** A bundle that was put into the folder is found after so long, or when a job wants it. */
    private static final Duration LOOK_AT_MODELS = Duration.ofSeconds(2);
    /** For so long models are loaded before the worker starts; the others are when a job wants them. */
    private static final Duration PRELOADING = Duration.ofSeconds(2);

    /** The exit status of a worker whose device answers nobody. */
    private static final int DEVICE_LOST = 4;

    private static final Duration PAUSE = Duration.ofMillis(500);

    private final WorkerSettings settings;
    private final AutoCloseable engine;
    private final Database database;
    private final ObjectStore objects;
    private final JobStore store;
    private final Heartbeat heartbeat;
    private final Room room;
    private final Signals signals;
    private final Checkpoints checkpoints;
    private final PreviewSender previewSender;
    private final Previews previews;
    private final Safety safety;
    private final Attempts attempts;
    private final Intake intake;
    private final MetricsPage metricsPage;
    private boolean drained;

    /**
     * What a worker runs its jobs with, loaded and warm.
     *
     * @param device where the networks run, for people
     * @param engine closed with the worker
     */
    public record Equipment(String device, Models models, AutoCloseable engine) {
        /**
         * Opens the device and loads the models that jobs should not have to wait for; jobs of bad ones fail with the
         * reason.
         *
         * @throws dev.safelight.common.bundle.BundleException when the models folder cannot be read, or has no such
         *     model as is to be pinned
         * @throws RuntimeException when the device asked for is not there
         */
        public static Equipment load(WorkerSettings settings) {
            Engine engine = Engine.open(
                    settings.device(), BatchLimits.measured(settings.cache().resolve("batch")));
            ModelCache cache =
                    new ModelCache(new EngineLoader(engine), settings.modelMemory() << 20, settings.pinnedModels());
            AutoCloseable both = () -> {
                cache.close();
                engine.close();
            };
            try {
                BundleShelf shelf = BundleShelf.open(settings.models(), LOOK_AT_MODELS, System::nanoTime);
                Models models = Models.preloaded(shelf, cache, settings.queues(), settings.pinnedModels(), PRELOADING);
                return new Equipment(engine.device(), models, both);
            } catch (RuntimeException e) {
                closeQuietly(both);
                throw e;
            } catch (InterruptedException e) {
                closeQuietly(both);
                throw new IllegalStateException("interrupted while loading models", e);
            }
        }
    }

    private WorkerProcess(WorkerSettings settings, Equipment equipment, PrometheusMeterRegistry meters)
            throws IOException {
        LongSupplier nanoTime = System::nanoTime;
        this.settings = settings;
        this.engine = equipment.engine();
        UUID id = UUID.randomUUID();
        this.database = Database.open(settings.database(), "safelight-worker");
        this.objects = ObjectStores.open(settings.store());
        this.store = new JobStore(database, id, settings.lease());
        Leases leases = new Leases(settings.selfFence(), nanoTime);
        String host = host();
        Supplier<WorkerRow> row = () -> new WorkerRow(
                id,
                host,
                equipment.device(),
                settings.queues(),
                equipment.models().names(),
                settings.slots(),
                settings.headroom());
        this.heartbeat = new Heartbeat(leases, store, row, settings.beat(), nanoTime);
        this.room = new Room(settings.slots(), settings.headroom());
        this.signals = new Signals(settings.kafka(), leases);
        this.checkpoints = new Checkpoints(
                new CheckpointStore(database, id), objects, settings.checkpointInterval(), MOST_INLINE, meters);
        this.previewSender = new PreviewSender(settings.kafka());
        this.previews = new Previews(previewSender, nanoTime);
        this.safety = new Safety(settings.safety(), meters, Clock.systemUTC());
        this.attempts = new Attempts(
                equipment.models(),
                objects,
                store,
                leases,
                room,
                checkpoints,
                previews,
                safety,
                signals,
                meters,
                settings.attempts(),
                WorkerProcess::deviceLost,
                nanoTime);
        this.intake =
                new Intake(settings.kafka(), settings.queues(), settings.slots(), room, leases, store, attempts::start);
        Gauge.builder("safelight.jobs.running", room, Room::jobs)
                .description("Jobs of this worker")
                .register(meters);
        DeviceMeters.bind(() -> equipment.models().all().stream().map(Model::batcher), meters);
        this.metricsPage = MetricsPage.open(settings.metricsPort(), meters);
    }

    /**
     * Starts a worker on the models of its folder.
     *
     * @throws UncheckedIOException when the object store or the metrics port cannot be opened
     * @throws RuntimeException when a model cannot be loaded, or the device asked for is not there
     */
    public static WorkerProcess start(WorkerSettings settings) {
        return start(settings, Equipment.load(settings), new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
    }

    /** Starts a worker with equipment of the caller's; the worker closes it. */
    public static WorkerProcess start(WorkerSettings settings, Equipment equipment, PrometheusMeterRegistry meters) {
        try {
            WorkerProcess worker = new WorkerProcess(settings, equipment, meters);
            worker.claimStore();
            worker.signals.start();
            worker.previews.start();
            worker.heartbeat.start();
            worker.checkpoints.start();
            worker.intake.start();
            LOG.info(
                    "worker on {} serves queues {} with models {}",
                    equipment.device(),
                    settings.queues(),
                    equipment.models().names());
            return worker;
        } catch (IOException e) {
            closeQuietly(equipment.engine());
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until Postgres answers and is migrated, and refuses a store that is not the one the API reads. */
    private void claimStore() throws IOException {
        boolean told = false;
        while (true) {
            String wanting;
            try {
                wanting = Schema.missing(database.jdbi()).orElse(null);
                if (wanting == null) {
                    StoreClaim.check(database.jdbi(), objects);
                    return;
                }
            } catch (JdbiException e) {
                if (!Transient.is(e)) {
                    throw e;
                }
                wanting = e.getMessage();
            } catch (ForeignStoreException e) {
                throw new IllegalStateException(e.getMessage(), e);
            }
            if (!told) {
                LOG.warn("waiting for Postgres: {}", wanting);
                told = true;
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }

    /** Nothing is drained or closed: both would wait for the device. */
    private static void deviceLost() {
        LOG.error(
                "the device fails even what it did when its models were loaded; the worker ends, and a new one may use it");
        Runtime.getRuntime().halt(DEVICE_LOST);
    }

    /** Takes no more work, lets what runs finish within the grace, and hands back the rest. */
    public synchronized void drain() {
        if (drained) {
            return;
        }
        drained = true;
        LOG.info("draining {} jobs", room.jobs());
        heartbeat.drain();
        intake.stop();
        try {
            if (!room.awaitEmpty(settings.drainGrace())) {
                LOG.info("handing back {} jobs", room.jobs());
            }
            attempts.drain(); // also what a slow claim may yet bring
            room.awaitEmpty(HAND_BACK);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Drains and stops. */
    @Override
    public synchronized void close() {
        drain();
        heartbeat.close();
        try {
            store.retire();
        } catch (RuntimeException e) {
            LOG.info("cannot sign off: {}", e.toString());
        }
        checkpoints.close();
        signals.close();
        previews.close();
        previewSender.close();
        safety.close();
        intake.close();
        metricsPage.close();
        closeQuietly(engine);
        objects.close();
        database.close();
    }

    private static void closeQuietly(AutoCloseable part) {
        try {
            part.close();
        } catch (Exception e) {
            LOG.warn("closing {}: {}", part, e.toString());
        }
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown";
        }
    }
}
