package dev.safelight.worker.batch;

import java.util.List;

/** A loaded network. Only the device's thread calls it. */
public interface Network {

    /** Most rows that one call may carry. */
    int maxRows();

    /**
     * Runs the network once.
     *
     * @param rows at least one
     * @return one output for each row, in order
     * @throws OutOfMemory when the device could not hold the call; fewer rows may fit
     * @throws RuntimeException when the network failed
     */
    List<float[]> run(List<Row> rows);

    /** The device had no room for a call. */
    final class OutOfMemory extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public OutOfMemory(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
