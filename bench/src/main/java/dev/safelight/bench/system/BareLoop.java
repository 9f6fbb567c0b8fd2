package dev.safelight.bench.system;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.Manifest;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * What a whole system is compared with: the network's file called again and again through plain DJL, its output read
 * back, and nothing else.
 */
public final class BareLoop implements AutoCloseable {
    private final Model model;
    private final NDManager manager;
    private final NDList inputs = new NDList();
    private final int rows;

    /** @param rows of each call */
    public BareLoop(Bundle bundle, int rows) throws IOException {
        Manifest.Network network = bundle.manifest().networks().get(Manifest.DENOISER);
        this.rows = rows;
        this.model = Model.newInstance(bundle.name(), "PyTorch");
        try {
            model.load(bundle.folder(), network.file().replaceFirst("\\.pt$", ""));
        } catch (MalformedModelException e) {
            throw new IOException(e);
        }
        this.manager = model.getNDManager().newSubManager();
        for (String input : network.inputs()) {
            inputs.add(input(input, bundle.manifest().latent().shape()));
        }
    }

    private NDArray input(String name, List<Integer> latent) {
        return switch (name) {
            case "x" -> {
                long[] shape = new long[latent.size() + 1];
                shape[0] = rows;
                for (int axis = 0; axis < latent.size(); axis++) {
                    shape[axis + 1] = latent.get(axis);
                }
                yield manager.randomNormal(new Shape(shape));
            }
            case "t" -> manager.full(new Shape(rows), 500f, DataType.FLOAT32);
            case "class" -> manager.zeros(new Shape(rows), DataType.INT64);
            default -> throw new IllegalArgumentException("no input is called " + name);
        };
    }

    /** @return rows a second */
    public double run(Duration duration) {
        ParameterStore parameters = new ParameterStore(manager, false);
        long start = System.nanoTime();
        long calls = 0;
        while (System.nanoTime() - start < duration.toNanos()) {
            try (NDManager call = manager.newSubManager()) {
                NDList output = model.getBlock().forward(parameters, inputs, false);
                output.attach(call);
                output.getFirst().toFloatArray();
            }
            calls++;
        }
        return calls * rows / ((System.nanoTime() - start) / 1e9);
    }

    @Override
    public void close() {
        manager.close();
        model.close();
    }
}
