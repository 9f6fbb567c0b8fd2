package dev.safelight.worker.batch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;

/** Networks written in Java, for tests. */
public final class Networks {
    private Networks() {}

    /** Computes each row for itself, and remembers how many rows each call had. */
    public static final class RowWise implements Network {
        private final int maxRows;
        private final Function<Row, float[]> function;
        private final List<Integer> calls = Collections.synchronizedList(new ArrayList<>());

        public RowWise(int maxRows, Function<Row, float[]> function) {
            this.maxRows = maxRows;
            this.function = function;
        }

        @Override
        public int maxRows() {
            return maxRows;
        }

        @Override
        public List<float[]> run(List<Row> rows) {
            calls.add(rows.size());
            return rows.stream().map(function).toList();
        }

        /** Rows of each call so far, failed ones included. */
        public List<Integer> calls() {
            synchronized (calls) {
                return List.copyOf(calls);
            }
        }
    }

    /** Returns its input. */
    public static RowWise echo(int maxRows) {
        return new RowWise(maxRows, Row::latent);
    }

    public static Group group(Network network) {
        return new Group(network, List.of(1), "none");
    }

    public static Row row(float value) {
        return new Row(new float[] {value}, 0, new Conditioning.Unconditional());
    }
}
