package dev.safelight.worker.batch;

/** Why an evaluation gave no result: the only exceptions, but for errors, that leave {@link Walk#evaluate}. */
public abstract sealed class EvaluationStopped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private EvaluationStopped(String message, Throwable cause) {
        super(message, cause);
    }

    /** Someone asked for the job to be canceled. */
    public static final class Canceled extends EvaluationStopped {
        private static final long serialVersionUID = 1L;

        public Canceled() {
            super("the job was canceled", null);
        }
    }

    /** The job no longer belongs to this worker, or the worker is giving up its device. */
    public static final class LeaseLost extends EvaluationStopped {
        private static final long serialVersionUID = 1L;

        public LeaseLost() {
            super("the lease of the job was lost", null);
        }
    }

    /** The network failed on this walk's rows, even in a call of their own; other walks go on. */
    public static final class DeviceFailed extends EvaluationStopped {
        private static final long serialVersionUID = 1L;

        private final boolean outOfMemory;

        public DeviceFailed(String message, boolean outOfMemory, Throwable cause) {
            super(message, cause);
            this.outOfMemory = outOfMemory;
        }

        static DeviceFailed of(Throwable failure, boolean outOfMemory) {
            String what = outOfMemory ? "the evaluation does not fit into the device's memory" : "the network failed";
            return new DeviceFailed(what + ": " + failure.getMessage(), outOfMemory, failure);
        }

        /** Whether the rows did not fit into the device's memory. */
        public boolean outOfMemory() {
            return outOfMemory;
        }
    }
}
