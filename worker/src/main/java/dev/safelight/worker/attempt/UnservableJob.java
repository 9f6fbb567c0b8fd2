package dev.safelight.worker.attempt;

import dev.safelight.common.job.JobError;

/** This worker cannot run the job; another one, or this one after an upgrade, may. */
public final class UnservableJob extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient JobError error;

    public UnservableJob(JobError error) {
        super(error.message());
        this.error = error;
    }

    public JobError error() {
        return error;
    }
}
