package dev.safelight.worker.generate;

import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.worker.batch.EvaluationStopped.DeviceFailed;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Walk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The first calls of a network. TorchScript compiles in them, and again for sizes it has not seen; what they take once it
 * has done so tells how large a call should be.
 */
final class WarmUp {
    private static final int WARM_UP_CALLS = 4;
    /** Sizes are timed in turns: what else the machine does for a while slows one round and not another. */
    private static final int ROUNDS = 3;
    /** Of a round the quickest of so many calls counts, and of all that fit into so long. */
    private static final int TIMED_CALLS = 2;

    private static final Duration TIMED = Duration.ofMillis(20);
    /** Nothing further is tried after this; a network so slow gains nothing from larger calls that anybody would wait for. */
    private static final Duration BUDGET = Duration.ofSeconds(6);

    private final Model model;
    private final Gauged network;
    private final Row row;

    WarmUp(Model model, Gauged network) {
        this.model = model;
        this.network = network;
        this.row = BlankRow.of(model.bundle().manifest(), Manifest.DENOISER);
    }

    /** Warms the sizes up to a known limit, as long as patience lasts. */
    void upTo(Walk walk, int mostRows) {
        long end = network.nanoTime() + BUDGET.toNanos();
        for (int rows = 1; rows < 2 * mostRows; rows *= 2) {
            warm(walk, Math.min(rows, mostRows), end);
        }
    }

    /** The smallest size in any case. */
    private void warm(Walk walk, int rows, long end) {
        for (int call = 0; call == 0 && rows == 1 || call < WARM_UP_CALLS && before(end); call++) {
            evaluate(walk, rows);
        }
    }

    private boolean before(long end) {
        return network.nanoTime() - end < 0;
    }

    /**
     * Warms every size and times it, until the device, or patience, has no room for a larger one; then times all of them again.
     *
     * @return what each round saw: rows a second by rows a call
     */
    List<SortedMap<Integer, Double>> measure(Walk walk) {
        SortedMap<Integer, Double> first = new TreeMap<>();
        int mostRows = network.maxRows();
        long end = network.nanoTime() + BUDGET.toNanos();
        for (int next = 1; next < 2 * mostRows && before(end); next *= 2) {
            int rows = Math.min(next, mostRows);
            try {
                warm(walk, rows, end);
                first.put(rows, rowsPerSecond(walk, rows));
            } catch (DeviceFailed e) {
                if (e.outOfMemory() && rows > 1) {
                    break;
                }
                throw e;
            }
        }
        List<SortedMap<Integer, Double>> rounds = new ArrayList<>(List.of(first));
        // Where there was time for one size only, nothing is chosen.
        while (rounds.size() < ROUNDS && first.size() > 1) {
            SortedMap<Integer, Double> round = new TreeMap<>();
            first.keySet().forEach(rows -> round.put(rows, rowsPerSecond(walk, rows)));
            rounds.add(round);
        }
        return rounds;
    }

    private double rowsPerSecond(Walk walk, int rows) {
        long quickest = Long.MAX_VALUE;
        long begun = network.nanoTime();
        for (int call = 0;
                call == 0 || call < TIMED_CALLS && quickest < BUDGET.toNanos() || before(begun + TIMED.toNanos());
                call++) {
            evaluate(walk, rows);
            quickest = Math.min(quickest, network.lastNanos());
        }
        return rows / (quickest / 1e9);
    }

    private void evaluate(Walk walk, int rows) {
        float[] output = walk.evaluate(Collections.nCopies(rows, row)).getFirst();
        // What comes beyond the prediction is for those samplers that know of it.
        if (output.length < model.latentSize()) {
            throw new BundleException("bundle " + model.bundle().name() + ": its network returns " + output.length
                    + " numbers for a latent of " + model.latentSize());
        }
    }
}
