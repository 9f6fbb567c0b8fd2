package dev.safelight.worker.generate;

import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Row;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** A network whose calls are timed where they run, and whose largest call can be set to what was measured. */
final class Gauged implements Network {
    private final Network network;
    private final LongSupplier nanoTime;
    private volatile int mostRows;
    private volatile long lastNanos;

    /** @param nanoTime as {@link System#nanoTime} counts */
    Gauged(Network network, LongSupplier nanoTime) {
        this.network = network;
        this.nanoTime = nanoTime;
        this.mostRows = network.maxRows();
    }

    /** By the clock that calls are timed with. */
    long nanoTime() {
        return nanoTime.getAsLong();
    }

    /** Never more than the manifest allows. */
    void limit(int rows) {
        mostRows = Math.min(rows, network.maxRows());
    }

    /** Duration of the last call: what whoever waited for it may ask, if nobody else uses the network. */
    long lastNanos() {
        return lastNanos;
    }

    @Override
    public int maxRows() {
        return mostRows;
    }

    @Override
    public List<float[]> run(List<Row> rows) {
        return timed(() -> network.run(rows));
    }

    @Override
    public List<float[]> run(List<Row> rows, Map<String, List<Integer>> shapes) {
        return timed(() -> network.run(rows, shapes));
    }

    private List<float[]> timed(Supplier<List<float[]>> call) {
        long started = nanoTime();
        List<float[]> outputs = call.get();
        lastNanos = nanoTime() - started;
        return outputs;
    }
}
