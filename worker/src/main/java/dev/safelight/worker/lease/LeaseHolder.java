package dev.safelight.worker.lease;

import dev.safelight.common.event.Signal;
import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobState;
import dev.safelight.worker.store.Spent;

/** An attempt, as far as its lease is concerned. */
public interface LeaseHolder {
    Fence fence();

    /** Steps done by the slowest image. */
    int step();

    /** What it has taken of the device so far. */
    Spent spent();

    /**
     * Stop at the next step and write nothing more. Never blocks.
     *
     * @param known true when Postgres says that the job is somebody else's; false when Postgres could not be asked
     */
    void loseLease(boolean known);

    /** A client asked for a cancel: stop at the next step. Never blocks. */
    void cancel();

    /** Looks at the clock: a job whose time is up stops at its next step. Never blocks. */
    default void look() {}

    /** What to tell a waiting client. */
    Signal.Entry signal(JobState state);
}
