package dev.safelight.worker.generate;

import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.worker.batch.EvaluationStopped.DeviceFailed;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Walk;
import java.time.Duration;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The first calls of a network. TorchScript compiles in them, and again for sizes it has not seen; what they take once it
 * has done so tells how large a call should be.
 */
final class WarmUp {
    private static final int WARM_UP_CALLS = 4;
    /** The quickest of so many counts, and of all that fit into so long: what else the machine does only slows a call. */
    private static final int TIMED_CALLS = 4;

    private static final Duration TIMED = Duration.ofMillis(50);
    /** No further size is tried after this; a network so slow gains nothing from larger calls that anybody would wait for. */
    private static final Duration BUDGET = Duration.ofSeconds(6);

    private final Model model;
    private final Gauged network;
    private final Row row;

    WarmUp(Model model, Gauged network) {
        this.model = model;
        this.network = network;
        this.row = BlankRow.of(model.bundle().manifest(), Manifest.DENOISER);
    }

    /** Warms the sizes up to a known limit. */
    void upTo(Walk walk, int mostRows) {
        for (int rows = 1; rows < 2 * mostRows; rows *= 2) {
            for (int call = 0; call < WARM_UP_CALLS; call++) {
                evaluate(walk, Math.min(rows, mostRows));
            }
        }
    }

    /** Warms every size and times it, until the device, or patience, has no room for a larger one. @return rows a second */
    SortedMap<Integer, Double> measure(Walk walk) {
        SortedMap<Integer, Double> rowsPerSecond = new TreeMap<>();
        int mostRows = network.maxRows();
        long begun = System.nanoTime();
        for (int next = 1; next < 2 * mostRows && System.nanoTime() - begun < BUDGET.toNanos(); next *= 2) {
            int rows = Math.min(next, mostRows);
            try {
                for (int call = 0; call < WARM_UP_CALLS; call++) {
                    evaluate(walk, rows);
                }
                long quickest = Long.MAX_VALUE;
                long end = System.nanoTime() + TIMED.toNanos();
                for (int call = 0; call < TIMED_CALLS || System.nanoTime() < end; call++) {
                    evaluate(walk, rows);
                    quickest = Math.min(quickest, network.lastNanos());
                }
                rowsPerSecond.put(rows, rows / (quickest / 1e9));
            } catch (DeviceFailed e) {
                if (e.outOfMemory() && rows > 1) {
                    break;
                }
                throw e;
            }
        }
        return rowsPerSecond;
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
