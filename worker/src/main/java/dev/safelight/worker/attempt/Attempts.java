package dev.safelight.worker.attempt;

import dev.safelight.common.job.JobState;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.trace.LogContext;
import dev.safelight.common.trace.Traced;
import dev.safelight.common.trace.Tracing;
import dev.safelight.worker.checkpoint.Checkpoints;
import dev.safelight.worker.intake.Room;
import dev.safelight.worker.lease.Leases;
import dev.safelight.worker.output.OutputWriter;
import dev.safelight.worker.preview.Previews;
import dev.safelight.worker.safety.Safety;
import dev.safelight.worker.signal.Signals;
import dev.safelight.worker.store.ClaimedJob;
import dev.safelight.worker.store.JobStore;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.opentelemetry.api.trace.SpanKind;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts the attempts of this worker and keeps count of them. */
public final class Attempts {
    private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);
    private static final Duration HAND_BACK_PATIENCE = Duration.ofMinutes(2);

    private final Models models;
    private final PatientWriter writer;
    private final Settler settler;
    private final JobStore store;
    private final Leases leases;
    private final Room room;
    private final OriginalImages originals;
    private final Checkpoints checkpoints;
    private final Previews previews;
    private final Safety safety;
    private final Signals signals;
    private final MeterRegistry meters;
    private final Timer claimLatency;
    private final AttemptSettings settings;
    private final Runnable deviceLost;
    private final LongSupplier nanoTime;
    private final Set<Attempt> running = ConcurrentHashMap.newKeySet();
    private volatile boolean draining;

    /** @param deviceLost called when the device fails every call, perhaps by several attempts: it is to end the process */
    public Attempts(
            Models models,
            ObjectStore objects,
            JobStore store,
            Leases leases,
            Room room,
            Checkpoints checkpoints,
            Previews previews,
            Safety safety,
            Signals signals,
            MeterRegistry meters,
            AttemptSettings settings,
            Runnable deviceLost,
            LongSupplier nanoTime) {
        this.models = models;
        this.settler = new Settler(store, leases, HAND_BACK_PATIENCE, nanoTime);
        this.store = store;
        this.originals = new OriginalImages(store, objects);
        this.leases = leases;
        this.room = room;
        this.checkpoints = checkpoints;
        this.previews = previews;
        this.safety = safety;
        this.signals = signals;
        this.meters = meters;
        Counter full = Counter.builder("safelight.store.full")
                .description("Writes for which the object store had no room")
                .register(meters);
        this.writer = new PatientWriter(new OutputWriter(objects), settings.storePatience(), full::increment, nanoTime);
        this.claimLatency = Timer.builder("safelight.claim.latency")
                .description("From a job's release to a worker's claim")
                .serviceLevelObjectives(
                        Duration.ofMillis(10),
                        Duration.ofMillis(50),
                        Duration.ofMillis(250),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(30))
                .register(meters);
        this.settings = settings;
        this.deviceLost = deviceLost;
        this.nanoTime = nanoTime;
    }

    /** Runs a job that a Kafka record brought and a claim gave to this worker. Returns at once. */
    public void start(ClaimedJob job) {
        Attempt attempt = new Attempt(
                job,
                models,
                writer,
                settler,
                store,
                leases,
                room,
                originals,
                checkpoints,
                previews,
                safety,
                settings,
                deviceLost,
                nanoTime);
        room.enter(attempt.mustRunAlone());
        leases.add(attempt);
        running.add(attempt);
        if (draining) {
            attempt.drain(); // a claim that was slow to come back
        }
        meters.counter("safelight.starts", "lane", job.express() ? "express" : "regular")
                .increment();
        if (job.dispatched() != null) {
            claimLatency.record(job.dispatched());
        }
        signals.urgent(attempt.signal(JobState.RUNNING));
        Thread.ofVirtual().name("attempt-" + job.fence().job().jobId()).start(() -> run(job, attempt));
    }

    /** Asks all attempts, and all that still come, to stop at their next step; their jobs go back to the queue. */
    public void drain() {
        draining = true;
        running.forEach(Attempt::drain);
    }

    private void run(ClaimedJob job, Attempt attempt) {
        JobState became = JobState.RUNNING;
        String jobId = job.fence().job().jobId().toString();
        Traced span = Tracing.start("attempt", SpanKind.CONSUMER, job.traceparent())
                .with("safelight.job_id", jobId)
                .with("safelight.attempt", job.fence().attempt())
                .with("safelight.model", job.model());
        LogContext.enter(jobId, span.traceId());
        try {
            became = attempt.run();
        } finally {
            leases.remove(attempt.fence());
            checkpoints.remove(attempt.fence(), became.terminal());
            running.remove(attempt);
            room.leave(attempt.mustRunAlone(), attempt.hadTheRoom());
            String outcome = became == JobState.RUNNING ? "lost" : became.name().toLowerCase(Locale.ROOT);
            meters.counter("safelight.attempts", "outcome", outcome).increment();
            LOG.debug("attempt {} became {}", job.fence().attempt(), outcome);
            span.with("safelight.outcome", outcome)
                    .with("safelight.evaluations", attempt.spent().evaluations())
                    .with("safelight.device_seconds", attempt.spent().deviceSeconds());
            if (became == JobState.FAILED) {
                span.failed("the job failed");
            }
            span.end();
            if (became != JobState.RUNNING) {
                signals.urgent(attempt.signal(became));
            }
        }
    }
}
