package dev.safelight.bench.system;

import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Row;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** A network that notes when it was called, to tell sampling from all that is around it. */
public final class Watched implements Network {
    private final Network network;
    private volatile Witness witness = (rows, started, ended) -> {};
    private final AtomicReference<Calls> calls = new AtomicReference<>(Calls.NONE);

    /**
     * What happened since the last reset.
     *
     * @param first when the first call began, in {@link System#nanoTime}
     * @param last when the last call ended
     * @param busy nanoseconds in the network
     */
    public record Calls(long first, long last, long count, long rows, long busy) {
        static final Calls NONE = new Calls(0, 0, 0, 0, 0);

        public double rowsPerCall() {
            return (double) rows / count;
        }

        /** From the first call to the last, how much of the time the network ran. */
        public double busyShare() {
            return (double) busy / (last - first);
        }

        private Calls and(long started, long ended, int carried) {
            return new Calls(count == 0 ? started : first, ended, count + 1, rows + carried, busy + ended - started);
        }
    }

    /** Told of each call when it has ended. */
    public interface Witness {
        /** @param started and {@code ended}, in {@link System#nanoTime} */
        void called(List<Row> rows, long started, long ended);
    }

    public Watched(Network network) {
        this.network = network;
    }

    /** Tells somebody of each call from now on. */
    public void tell(Witness told) {
        witness = told;
    }

    @Override
    public int maxRows() {
        return network.maxRows();
    }

    @Override
    public List<float[]> run(List<Row> rows) {
        long started = System.nanoTime();
        List<float[]> outputs = network.run(rows);
        long ended = System.nanoTime();
        calls.updateAndGet(before -> before.and(started, ended, rows.size()));
        witness.called(rows, started, ended);
        return outputs;
    }

    public Calls calls() {
        return calls.get();
    }

    public void reset() {
        calls.set(Calls.NONE);
    }
}
