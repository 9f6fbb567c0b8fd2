package dev.safelight.worker.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * The network that judges a bundle's pictures: it was trained apart from the denoiser, on real pictures only. Takes x
 * [rows, latent shape], returns logits [rows, classes] and features [rows, F].
 */
public final class Classifier implements AutoCloseable {
    /** The role that it fills in a manifest. */
    public static final String ROLE = "classifier";

    private final NDManager manager;
    private final PtSymbolBlock block;
    private final List<Integer> shape;
    private final int maxRows;

    private Classifier(NDManager manager, PtSymbolBlock block, Bundle bundle) {
        this.manager = manager;
        this.block = block;
        this.shape = bundle.manifest().latent().shape();
        this.maxRows = bundle.manifest().networks().get(ROLE).maxRows();
    }

    /**
     * What the classifier makes of one picture.
     *
     * @param predicted index of the largest logit
     * @param features the space in which distributions of pictures are compared
     */
    public record Verdict(int predicted, float[] features) {}

    /** @throws BundleException when the bundle has no classifier, or one that cannot be loaded */
    public static Classifier load(Bundle bundle, Device device) {
        if (!bundle.manifest().networks().containsKey(ROLE)) {
            throw new BundleException("bundle " + bundle.name() + " ships no classifier that could judge it");
        }
        NDManager manager = device.newManager();
        return new Classifier(manager, TorchNetwork.loadBlock(bundle, ROLE, manager), bundle);
    }

    /** @param pictures each in the scale of clean latents */
    public List<Verdict> judge(List<float[]> pictures) {
        List<Verdict> verdicts = new ArrayList<>(pictures.size());
        for (int first = 0; first < pictures.size(); first += maxRows) {
            judge(pictures.subList(first, Math.min(first + maxRows, pictures.size())), verdicts);
        }
        return verdicts;
    }

    private void judge(List<float[]> pictures, List<Verdict> verdicts) {
        int size = pictures.getFirst().length;
        float[] x = new float[pictures.size() * size];
        for (int i = 0; i < pictures.size(); i++) {
            System.arraycopy(pictures.get(i), 0, x, i * size, size);
        }
        try (NDManager call = manager.newSubManager()) {
            long[] dimensions = LongStream.concat(
                            LongStream.of(pictures.size()), shape.stream().mapToLong(Integer::longValue))
                    .toArray();
            NDList results = IValueUtils.forward(block, new NDList(call.create(x, new Shape(dimensions))), false);
            float[][] logits = rows(results.get(0), pictures.size());
            float[][] features = rows(results.get(1), pictures.size());
            for (int i = 0; i < pictures.size(); i++) {
                verdicts.add(new Verdict(largest(logits[i]), features[i]));
            }
        }
    }

    private static float[][] rows(NDArray array, int count) {
        float[] flat = array.toFloatArray();
        int width = flat.length / count;
        float[][] rows = new float[count][width];
        for (int i = 0; i < count; i++) {
            System.arraycopy(flat, i * width, rows[i], 0, width);
        }
        return rows;
    }

    private static int largest(float[] values) {
        int largest = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] > values[largest]) {
                largest = i;
            }
        }
        return largest;
    }

    @Override
    public void close() {
        block.close();
        manager.close();
    }
}
