package dev.safelight.worker.attempt;

import dev.safelight.common.job.JobError;
import java.util.regex.Pattern;

/** This worker cannot run the job. */
final class UnservableJob extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** How PyTorch begins to say that a device cannot be used any more. */
    private static final String DEVICE_LOST = "CUDA error";
    /** What may follow where the device is only full, mostly of what belongs to other processes. */
    private static final Pattern FULL = Pattern.compile("out of memory|_ALLOC_FAILED|_NOT_INITIALIZED");

    private final transient JobError error;
    private final boolean elsewhere;

    private UnservableJob(JobError error, boolean elsewhere) {
        super(error.message());
        this.error = error;
        this.elsewhere = elsewhere;
    }

    /** Another worker, or this one at another time, may. */
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

    /** Whether it is for a device on which no bundle can be loaded any more. */
    boolean saysDeviceLost() {
        String message = error.message();
        return message.contains(DEVICE_LOST) && !FULL.matcher(message).find();
    }
}
