package dev.safelight.worker.batch;

import java.util.List;
import java.util.Map;

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

    /**
     * Runs the network once for inputs of other shapes than it was made for.
     *
     * @param shapes dimensions of one row of each input, by name
     */
    default List<float[]> run(List<Row> rows, Map<String, List<Integer>> shapes) {
        return run(rows);
    }

    /** The same network for other shapes. Two of equal shapes are equal, so that their rows share calls. */
    record Shaped(Network network, Map<String, List<Integer>> shapes, int maxRows) implements Network {
        @Override
        public List<float[]> run(List<Row> rows) {
            return network.run(rows, shapes);
        }
    }

    /** The device had no room for a call. */
    final class OutOfMemory extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public OutOfMemory(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
