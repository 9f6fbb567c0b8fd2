package dev.safelight.worker.attempt;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.event.Signal;
import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobError;
import dev.safelight.common.job.JobState;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.attempt.AttemptOutcome.Canceled;
import dev.safelight.worker.attempt.AttemptOutcome.Crashed;
import dev.safelight.worker.attempt.AttemptOutcome.Failed;
import dev.safelight.worker.attempt.AttemptOutcome.LeaseLost;
import dev.safelight.worker.attempt.AttemptOutcome.Returned;
import dev.safelight.worker.attempt.AttemptOutcome.Succeeded;
import dev.safelight.worker.batch.EvaluationStopped;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.checkpoint.Checkpoints;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.generate.Generation;
import dev.safelight.worker.generate.Loan;
import dev.safelight.worker.generate.Model;
import dev.safelight.worker.generate.Outcome;
import dev.safelight.worker.generate.Outcome.Pictures;
import dev.safelight.worker.generate.Progress;
import dev.safelight.worker.intake.Room;
import dev.safelight.worker.lease.LeaseHolder;
import dev.safelight.worker.lease.Leases;
import dev.safelight.worker.output.Origin;
import dev.safelight.worker.preview.Developing;
import dev.safelight.worker.preview.Previews;
import dev.safelight.worker.safety.Reviewed;
import dev.safelight.worker.safety.Safety;
import dev.safelight.worker.store.ClaimedJob;
import dev.safelight.worker.store.JobStore;
import dev.safelight.worker.store.Spent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt of one job, on a virtual thread of its own: wait for the process if it must be alone, make the images, store
 * them, tell Postgres. Each part either goes on or is the outcome.
 */
final class Attempt implements LeaseHolder {
    private static final Logger LOG = LoggerFactory.getLogger(Attempt.class);
    private static final Duration LOOK_AT_LEASE = Duration.ofMillis(200);
    private static final String NETWORK_FAILED = "network_failed";

    private enum Stop {
        CANCEL,
        DRAIN,
        CUT_OFF,
        LEASE_TAKEN,
        TIMEOUT
    }

    private final ClaimedJob job;
    private final Ticket ticket;
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
    private final AttemptSettings settings;
    private final Runnable deviceLost;
    private final Pace pace = new Pace();
    private final LongSupplier nanoTime;
    private final OptionalLong endsAt;
    private final AtomicReference<Stop> stop = new AtomicReference<>();
    private volatile int step;
    private volatile int steps = 1;
    private volatile Progress walks;
    private boolean hadTheRoom;

    Attempt(
            ClaimedJob job,
            Models models,
            PatientWriter writer,
            Settler settler,
            JobStore store,
            Leases leases,
            Room room,
            OriginalImages originals,
            Checkpoints checkpoints,
            Previews previews,
            Safety safety,
            AttemptSettings settings,
            Runnable deviceLost,
            LongSupplier nanoTime) {
        this.job = job;
        this.originals = originals;
        this.ticket = new Ticket(
                job.fence().job(),
                Priority.ofRank(job.priority()),
                job.createdAt().toEpochMilli(),
                job.mustRunAlone(),
                job.weight());
        this.models = models;
        this.writer = writer;
        this.settler = settler;
        this.store = store;
        this.leases = leases;
        this.room = room;
        this.checkpoints = checkpoints;
        this.previews = previews;
        this.safety = safety;
        this.settings = settings;
        this.deviceLost = deviceLost;
        this.nanoTime = nanoTime;
        this.endsAt = job.timeout() == null
                ? OptionalLong.empty()
                : OptionalLong.of(nanoTime.getAsLong() + (long) (job.timeout().secondsLeft() * 1e9));
    }

    /** @return what the job became; running when it is somebody else's now */
    JobState run() {
        AttemptOutcome outcome;
        try {
            outcome = attempt();
        } catch (UnservableJob unservable) {
            LOG.warn("job {} cannot run here: {}", job.fence().job().jobId(), unservable.getMessage());
            outcome = unservable(unservable);
        } catch (InterruptedException e) {
            outcome = new LeaseLost(false);
        } catch (RuntimeException e) {
            LOG.error(
                    "attempt {} of job {} failed",
                    job.fence().attempt(),
                    job.fence().job().jobId(),
                    e);
            outcome = new Failed(new JobError("worker_error", String.valueOf(e.getMessage())));
        } catch (Error e) {
            LOG.error(
                    "attempt {} of job {} is left to the rescuer",
                    job.fence().attempt(),
                    job.fence().job().jobId(),
                    e);
            outcome = new Crashed();
        }
        return settler.settle(job.fence(), outcome, spent(), () -> checkpoints.save(job.fence()));
    }

    private AttemptOutcome unservable(UnservableJob unservable) {
        if (unservable.saysDeviceLost()) {
            return deviceLost();
        }
        return unservable.mayRunElsewhere()
                ? new Returned(unservable.error(), true, settings.bundleDelay())
                : new Failed(unservable.error());
    }

    private AttemptOutcome deviceLost() {
        deviceLost.run();
        return new Crashed();
    }

    private AttemptOutcome attempt() throws InterruptedException {
        look();
        if (stop.get() != null) {
            return stopped();
        }
        if (job.mustRunAlone() && !haveTheProcess()) {
            return stopped();
        }
        GenerationInput input;
        try {
            input = Json.read(job.input(), GenerationInput.class);
        } catch (UncheckedIOException e) {
            return new Failed(new JobError("invalid_input", "the stored input cannot be read: " + e.getMessage()));
        }
        steps = input.steps();
        Optional<Loan> held = models.hold(job, () -> stop.get() != null);
        if (held.isEmpty()) {
            return stopped();
        }
        try (Loan loan = held.get()) {
            AttemptOutcome outcome = run(loan.model(), input);
            return blamesTheJob(outcome) && !loan.model().answers() ? deviceLost() : outcome;
        } catch (OriginalImages.Unreadable e) {
            LOG.warn(
                    "job {} goes back: its image cannot be read: {}",
                    job.fence().job().jobId(),
                    e.toString());
            return new Returned(
                    new JobError("store_unreachable", "the job's image cannot be read: " + e.getMessage()),
                    true,
                    settings.retryDelay());
        }
    }

    /** Whether it says that a network fails on the job's own rows, which a device that fails on all rows would say too. */
    private static boolean blamesTheJob(AttemptOutcome outcome) {
        return outcome instanceof Failed(JobError error) && error.code().equals(NETWORK_FAILED);
    }

    private AttemptOutcome run(Model model, GenerationInput input) throws InterruptedException {
        Optional<String> stranger = model.recipes().stranger(input);
        if (stranger.isPresent()) {
            // A newer API took it; the picture without it would not be what was asked for.
            throw UnservableJob.here(new JobError(
                    "unknown_option", "the request has " + stranger.get() + ", which this worker does not know"));
        }
        checkpoints.add(job.fence(), () -> Optional.ofNullable(walks).map(Progress::checkpoint));
        Generation generation = new Generation(
                model, input, originals.of(job.fence().job().tenantId(), input, () -> stop.get() != null));
        return switch (generate(generation)) {
            case Pictures(List<Picture> pictures) -> deliver(generation.model(), input, pictures);
            case Outcome.Failed(JobError error) -> new Failed(error);
            case Outcome.Canceled _, Outcome.LeaseLost _ -> stopped();
        };
    }

    private Outcome generate(Generation generation) throws InterruptedException {
        Manifest manifest = generation.model().bundle().manifest();
        if (job.preview() == null || safety.mayHide(manifest)) {
            return generation.run(ticket, checkpoints.load(job.fence()), follow(progress -> {}));
        }
        try (Developing developing = previews.develop(
                job.fence(),
                job.preview(),
                generation.model().preview(),
                generation.input().count())) {
            return generation.run(ticket, checkpoints.load(job.fence()), follow(developing::stepped));
        }
    }

    /** @param onlooker told of each step too */
    private Progress.Listener follow(Consumer<Progress> onlooker) {
        return new Progress.Listener() {
            @Override
            public void begun(Progress progress) {
                walks = progress;
                steps = Math.max(1, progress.steps());
                step = progress.step();
                pace.reached(step, System.nanoTime());
                progress.resumedFrom().ifPresent(from -> checkpoints.resumed(job.fence(), from));
            }

            @Override
            public void stepped(Progress progress) {
                step = progress.step();
                pace.reached(step, System.nanoTime());
                onlooker.accept(progress);
                look();
            }
        };
    }

    /** Nothing is stored before it is known what of it may be seen. */
    private AttemptOutcome deliver(Model model, GenerationInput input, List<Picture> pictures)
            throws InterruptedException {
        Origin origin = new Origin(job.model(), job.bundle(), input);
        try {
            double[] scores = model.scores(pictures, ticket, input.strict());
            Manifest.Safety rule = model.bundle().manifest().safety();
            return store(origin, safety.review(job.fence().job(), origin, pictures, rule, scores, this::mayWait));
        } catch (EvaluationStopped.DeviceFailed e) {
            return new Failed(new JobError(e.outOfMemory() ? "out_of_memory" : NETWORK_FAILED, e.getMessage()));
        } catch (EvaluationStopped | Safety.Stopped e) {
            return stopped();
        } catch (Safety.Unreachable e) {
            return new Returned(
                    new JobError("safety_unreachable", "nobody could be asked about the pictures: " + e.getMessage()),
                    true,
                    settings.retryDelay());
        }
    }

    private AttemptOutcome store(Origin origin, Reviewed reviewed) throws InterruptedException {
        try {
            return new Succeeded(
                    writer.write(job.fence(), origin, reviewed.pictures(), this::mayWrite, this::mayWait),
                    reviewed.reviews());
        } catch (PatientWriter.LeaseGone e) {
            return stopped();
        } catch (IOException e) {
            LOG.warn(
                    "job {} goes back: the object store failed: {}",
                    job.fence().job().jobId(),
                    e.toString());
            return new Returned(
                    new JobError("store_unreachable", "the object store failed: " + e.getMessage()),
                    true,
                    settings.retryDelay());
        }
    }

    /** Waits until no other job runs here, and says so in Postgres before the first step. */
    private boolean haveTheProcess() throws InterruptedException {
        while (!room.awaitAlone(LOOK_AT_LEASE)) {
            if (stop.get() != null) {
                return false;
            }
        }
        hadTheRoom = true;
        while (stop.get() == null) {
            try {
                if (store.runAlone(job.fence())) {
                    return true;
                }
                stop.set(Stop.LEASE_TAKEN);
            } catch (JdbiException e) {
                Thread.sleep(LOOK_AT_LEASE);
            }
        }
        return false;
    }

    private AttemptOutcome stopped() {
        Stop reason = stop.get();
        return switch (reason == null ? Stop.CUT_OFF : reason) {
            case CANCEL -> new Canceled();
            case DRAIN -> new Returned(new JobError("draining", "the worker is shutting down"), false, Duration.ZERO);
            case CUT_OFF -> new LeaseLost(false);
            case LEASE_TAKEN -> new LeaseLost(true);
            case TIMEOUT ->
                new Failed(new JobError(
                        "timeout",
                        "the job took longer than its timeout of "
                                + job.timeout().seconds() + " s"));
        };
    }

    /** Not while the worker is leaving: somebody else may have more room, or more time. */
    private boolean mayWait() {
        return mayWrite() && stop.get() == null;
    }

    /** Asked before every durable write. A process that was stopped for a while finds out here. */
    private boolean mayWrite() {
        if (!leases.fresh()) {
            stop.compareAndSet(null, Stop.CUT_OFF);
            return false; // draining or not
        }
        return stop.get() == null || stop.get() == Stop.DRAIN;
    }

    @Override
    public Fence fence() {
        return job.fence();
    }

    @Override
    public int step() {
        return step;
    }

    @Override
    public Spent spent() {
        return new Spent(ticket.evaluations(), ticket.deviceNanos() / 1e9);
    }

    @Override
    public void loseLease(boolean known) {
        stop.set(known ? Stop.LEASE_TAKEN : Stop.CUT_OFF);
        ticket.loseLease();
    }

    @Override
    public void cancel() {
        stop.compareAndSet(null, Stop.CANCEL);
        ticket.cancel();
    }

    @Override
    public void look() {
        if (endsAt.isPresent() && nanoTime.getAsLong() - endsAt.getAsLong() >= 0) {
            stop.compareAndSet(null, Stop.TIMEOUT);
            ticket.cancel();
        }
    }

    /** Stops at the next step and hands the job back; one that is already storing its images goes on. */
    void drain() {
        stop.compareAndSet(null, Stop.DRAIN);
        ticket.loseLease();
    }

    @Override
    public Signal.Entry signal(JobState state) {
        int done = state == JobState.SUCCEEDED ? steps : step;
        return new Signal.Entry(
                job.fence().job().tenantId(),
                job.fence().job().jobId(),
                job.fence().attempt(),
                state,
                done,
                steps,
                state == JobState.RUNNING ? pace.secondsLeft(steps) : null);
    }

    boolean mustRunAlone() {
        return job.mustRunAlone();
    }

    boolean hadTheRoom() {
        return hadTheRoom;
    }
}
