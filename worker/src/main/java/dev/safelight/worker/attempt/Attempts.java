package dev.safelight.worker.attempt;

import dev.safelight.common.job.JobState;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.worker.checkpoint.Checkpoints;
import dev.safelight.worker.intake.Room;
import dev.safelight.worker.lease.Leases;
import dev.safelight.worker.output.OutputWriter;
import dev.safelight.worker.preview.Previews;
import dev.safelight.worker.signal.Signals;
import dev.safelight.worker.store.ClaimedJob;
import dev.safelight.worker.store.JobStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** Starts the attempts of this worker and keeps count of them. */
public final class Attempts {
    private static final Duration HAND_BACK_PATIENCE = Duration.ofMinutes(2);

    private final Models models;
    private final PatientWriter writer;
    private final Settler settler;
    private final JobStore store;
    private final Leases leases;
    private final Room room;
    private final Checkpoints checkpoints;
    private final Previews previews;
    private final Signals signals;
    private final MeterRegistry meters;
    private final AttemptSettings settings;
    private final Set<Attempt> running = ConcurrentHashMap.newKeySet();

    public Attempts(
            Models models,
            ObjectStore objects,
            JobStore store,
            Leases leases,
            Room room,
            Checkpoints checkpoints,
            Previews previews,
            Signals signals,
            MeterRegistry meters,
            AttemptSettings settings,
            LongSupplier nanoTime) {
        this.models = models;
        this.writer = new PatientWriter(new OutputWriter(objects), settings.storePatience(), nanoTime);
        this.settler = new Settler(store, leases, HAND_BACK_PATIENCE, nanoTime);
        this.store = store;
        this.leases = leases;
        this.room = room;
        this.checkpoints = checkpoints;
        this.previews = previews;
        this.signals = signals;
        this.meters = meters;
        this.settings = settings;
    }

    /** Runs a job that a Kafka record brought and a claim gave to this worker. Returns at once. */
    public void start(ClaimedJob job) {
        Attempt attempt =
                new Attempt(job, models, writer, settler, store, leases, room, checkpoints, previews, settings);
        room.enter(attempt.mustRunAlone());
        leases.add(attempt);
        running.add(attempt);
        meters.counter("safelight.starts", "lane", job.express() ? "express" : "regular")
                .increment();
        signals.urgent(attempt.signal(JobState.RUNNING));
        Thread.ofVirtual().name("attempt-" + job.fence().job().jobId()).start(() -> run(attempt));
    }

    /** Asks all attempts to stop at their next step; their jobs go back to the queue. */
    public void drain() {
        running.forEach(Attempt::drain);
    }

    private void run(Attempt attempt) {
        JobState became = JobState.RUNNING;
        try {
            became = attempt.run();
        } finally {
            leases.remove(attempt.fence());
            checkpoints.remove(attempt.fence(), became.terminal());
            running.remove(attempt);
            room.leave(attempt.mustRunAlone(), attempt.hadTheRoom());
            String outcome = became == JobState.RUNNING ? "lost" : became.name().toLowerCase(Locale.ROOT);
            meters.counter("safelight.attempts", "outcome", outcome).increment();
            if (became != JobState.RUNNING) {
                signals.urgent(attempt.signal(became));
            }
        }
    }
}
