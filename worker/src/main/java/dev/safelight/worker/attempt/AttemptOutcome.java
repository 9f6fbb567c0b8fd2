package dev.safelight.worker.attempt;

import dev.safelight.common.job.JobError;
import dev.safelight.worker.store.Review;
import dev.safelight.worker.store.StoredOutput;
import java.time.Duration;
import java.util.List;

/** How an attempt ended, before Postgres has been told. */
public sealed interface AttemptOutcome {
    /**
     * All images that are to be seen lie in the object store.
     *
     * @param reviews of those that the safety check did not simply let pass
     */
    record Succeeded(List<StoredOutput> outputs, List<Review> reviews) implements AttemptOutcome {}

    /** The job cannot succeed, here or elsewhere. */
    record Failed(JobError error) implements AttemptOutcome {}

    /**
     * The job should run again.
     *
     * @param strike whether it counts against the job
     */
    record Returned(JobError reason, boolean strike, Duration delay) implements AttemptOutcome {}

    /** A client asked. */
    record Canceled() implements AttemptOutcome {}

    /**
     * The job is, or may be, somebody else's.
     *
     * @param known false when this worker only could not beat: Postgres may still think that it holds the job
     */
    record LeaseLost(boolean known) implements AttemptOutcome {}

    /**
     * What this process did with the job says nothing of the job. Postgres is told nothing, as if the process had died: the
     * lease runs out, and the rescuer counts a crash, which is no strike while other jobs may be to blame.
     */
    record Crashed() implements AttemptOutcome {}
}
