package dev.safelight.worker.attempt;

import dev.safelight.common.job.JobError;

/** This worker cannot run the job. */
final class UnservableJob extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** How PyTorch begins to say that a device cannot be used any more; of one that is full it says something else. */
    private static final String DEVICE_LOST = "CUDA error";

    private final transient JobError error;
    private final boolean elsewhere;

    private UnservableJob(JobError error, boolean elsewhere) {
        super(error.message());
        this.error = error;
        this.elsewhere = elsewhere;
    }

    /** Another worker, or this one after an upgrade, may. */
    static UnservableJob here(JobError error) {
        return new UnservableJob(error, true);
    }

    /** No worker can. */
    static UnservableJob anywhere(JobError error) {
        return new UnservableJob(error, false);
    }

    JobError error() {
        return error;
    }

    boolean mayRunElsewhere() {
        return elsewhere;
    }

    /** Whether what looks like a bad bundle is a device on which no bundle can be loaded. */
    boolean saysDeviceLost() {
        return error.message().contains(DEVICE_LOST);
    }
}
