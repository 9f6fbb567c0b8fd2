package dev.safelight.common.job;

/** The state machine: every legal move of a job, and who makes it. The schema's CHECKs and {@code docs/state-machine.md} say the same. */
public enum Transition {
    CLAIM(JobState.QUEUED, JobState.RUNNING, "a worker's claim"),
    SUCCEED(JobState.RUNNING, JobState.SUCCEEDED, "the worker that holds the lease"),
    FAIL(JobState.RUNNING, JobState.FAILED, "the worker that holds the lease"),
    RETURN(JobState.RUNNING, JobState.QUEUED, "the worker that holds the lease: a retryable error, or it is draining"),
    RESCUE(JobState.RUNNING, JobState.QUEUED, "the rescuer, when the lease has run out"),
    GIVE_UP(JobState.RUNNING, JobState.FAILED, "the rescuer, when the last allowed attempt died or the time was up"),
    CANCEL_RUNNING(
            JobState.RUNNING,
            JobState.CANCELED,
            "the worker that holds the lease, or the rescuer, after a client asked"),
    CANCEL_QUEUED(JobState.QUEUED, JobState.CANCELED, "a client"),
    EXPIRE(JobState.QUEUED, JobState.EXPIRED, "the relay, when the deadline has passed");

    private final JobState from;
    private final JobState to;
    private final String mover;

    Transition(JobState from, JobState to, String mover) {
        this.from = from;
        this.to = to;
        this.mover = mover;
    }

    public JobState from() {
        return from;
    }

    public JobState to() {
        return to;
    }

    public String mover() {
        return mover;
    }
}
