package dev.safelight.worker.checkpoint;

/** Bytes that are no checkpoint of this version: the job starts over. */
public final class UnreadableCheckpoint extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UnreadableCheckpoint(String message) {
        super(message);
    }

    UnreadableCheckpoint(String message, Throwable cause) {
        super(message, cause);
    }
}
