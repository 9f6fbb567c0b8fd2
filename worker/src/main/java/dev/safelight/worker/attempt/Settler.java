package dev.safelight.worker.attempt;

import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobError;
import dev.safelight.common.job.JobState;
import dev.safelight.common.time.Backoff;
import dev.safelight.worker.attempt.AttemptOutcome.Canceled;
import dev.safelight.worker.attempt.AttemptOutcome.Crashed;
import dev.safelight.worker.attempt.AttemptOutcome.Failed;
import dev.safelight.worker.attempt.AttemptOutcome.LeaseLost;
import dev.safelight.worker.attempt.AttemptOutcome.Returned;
import dev.safelight.worker.attempt.AttemptOutcome.Succeeded;
import dev.safelight.worker.lease.Leases;
import dev.safelight.worker.store.JobStore;
import dev.safelight.worker.store.JobStore.Standing;
import dev.safelight.worker.store.Settlement;
import dev.safelight.worker.store.Spent;
import dev.safelight.worker.store.Transient;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells Postgres how an attempt ended, and finds out what became of a write whose answer got lost. */
final class Settler {
    private static final Logger LOG = LoggerFactory.getLogger(Settler.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
    private static final JobError CUT_OFF =
            new JobError("worker_cut_off", "the worker could not renew its lease and stopped by itself");

    private final JobStore store;
    private final Leases leases;
    private final Duration handBackPatience;
    private final LongSupplier nanoTime;

    /** @param handBackPatience for how long a worker that was cut off tries to hand a job back; then the rescuer has it */
    Settler(JobStore store, Leases leases, Duration handBackPatience, LongSupplier nanoTime) {
        this.store = store;
        this.leases = leases;
        this.handBackPatience = handBackPatience;
        this.nanoTime = nanoTime;
    }

    /**
     * Ends the attempt.
     *
     * @param spent all that the attempt took
     * @param beforeGivingBack saves how far the job has come; throws as a statement does when Postgres is away
     * @return what the job became; running when it is, or may be, somebody else's now
     */
    JobState settle(Fence fence, AttemptOutcome outcome, Spent spent, Runnable beforeGivingBack) {
        return switch (outcome) {
            case Succeeded succeeded ->
                whileHeld(
                        fence,
                        new Settlement.Succeed(succeeded.outputs(), succeeded.reviews()),
                        spent,
                        beforeGivingBack);
            case Failed failed -> whileHeld(fence, new Settlement.Fail(failed.error()), spent, beforeGivingBack);
            case Canceled() -> whileHeld(fence, new Settlement.Cancel(), spent, beforeGivingBack);
            case Returned returned ->
                whileHeld(
                        fence,
                        new Settlement.GiveBack(returned.reason(), returned.strike(), returned.delay()),
                        spent,
                        beforeGivingBack);
            case Crashed() -> JobState.RUNNING; // the rescuer will have it
            case LeaseLost(boolean known) -> known ? JobState.RUNNING : handBack(fence, spent, beforeGivingBack);
        };
    }

    private JobState whileHeld(Fence fence, Settlement settlement, Spent spent, Runnable beforeGivingBack) {
        boolean unsure = false;
        Backoff backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
        while (leases.fresh()) {
            try {
                if (settlement instanceof Settlement.GiveBack) {
                    save(fence, beforeGivingBack);
                }
                Optional<JobState> became = store.settle(fence, settlement, spent);
                if (became.isPresent()) {
                    return became.get();
                }
                return unsure ? standing(fence) : JobState.RUNNING;
            } catch (JdbiException e) {
                if (!Transient.is(e)) {
                    LOG.error(
                            "Postgres refuses {} of job {}",
                            settlement,
                            fence.job().jobId(),
                            e);
                    if (settlement instanceof Settlement.Fail) {
                        return JobState.RUNNING; // the rescuer will have it
                    }
                    return whileHeld(
                            fence,
                            new Settlement.Fail(new JobError("worker_error", "the result was refused")),
                            spent,
                            beforeGivingBack);
                }
                LOG.warn("cannot settle job {}, will try again: {}", fence.job().jobId(), e.toString());
                unsure = true;
            }
            if (!sleep(backoff.next())) {
                return JobState.RUNNING;
            }
        }
        return handBack(fence, spent, beforeGivingBack);
    }

    /** What cannot be saved must not keep the job from going back; a Postgres that is away is waited for. */
    private static void save(Fence fence, Runnable checkpoint) {
        try {
            checkpoint.run();
        } catch (RuntimeException e) {
            if (Transient.is(e)) {
                throw e;
            }
            LOG.warn("job {} goes back without its last steps: {}", fence.job().jobId(), e.toString());
        }
    }

    /**
     * This worker stopped by itself. If nobody else has the job yet, it goes back at once and without a crash to its name.
     * A write of ours that was committed without our knowing makes this match nothing, as does the rescuer.
     */
    private JobState handBack(Fence fence, Spent spent, Runnable beforeGivingBack) {
        leases.remove(fence);
        long end = nanoTime.getAsLong() + handBackPatience.toNanos();
        while (nanoTime.getAsLong() - end < 0) {
            try {
                save(fence, beforeGivingBack);
                return store.settle(fence, new Settlement.GiveBack(CUT_OFF, false, Duration.ZERO), spent)
                        .orElseGet(() -> standing(fence));
            } catch (JdbiException e) {
                if (!sleep(LONGEST_PAUSE)) {
                    break;
                }
            }
        }
        return JobState.RUNNING;
    }

    /** Only the holder of an attempt ends it, so an end that carries our attempt is ours, or the rescuer's word on it. */
    private JobState standing(Fence fence) {
        return store.standing(fence.job())
                .filter(standing -> standing.attempt() == fence.attempt())
                .map(Standing::state)
                .orElse(JobState.RUNNING);
    }

    private static boolean sleep(Duration duration) {
        try {
            Thread.sleep(duration);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
