package dev.safelight.standalone.evaluate;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * How two sets of pictures overlap in a feature space: improved precision and recall (Kynkäänniemi et al. 2019). The
 * manifold of a set is the union of balls around its vectors, each as wide as the distance to that vector's k-th nearest
 * other vector.
 */
public final class Manifold {
    /** The neighbour that sets the width of a ball, as in the paper. */
    public static final int NEIGHBOUR = 3;

    private final float[][] vectors;
    private final double[] squaredRadii;

    /** @param vectors at least {@link #NEIGHBOUR} + 1 vectors of equal length; not changed while this is used */
    public Manifold(float[][] vectors) {
        if (vectors.length <= NEIGHBOUR) {
            throw new IllegalArgumentException("a manifold needs more than " + NEIGHBOUR + " vectors");
        }
        this.vectors = vectors;
        this.squaredRadii = IntStream.range(0, vectors.length)
                .parallel()
                .mapToDouble(this::squaredRadius)
                .toArray();
    }

    /** The share of {@code others} that lie in this manifold; recall when this is of generated pictures. */
    public double coverage(float[][] others) {
        return (double) Arrays.stream(others).parallel().filter(this::contains).count() / others.length;
    }

    private boolean contains(float[] other) {
        for (int i = 0; i < vectors.length; i++) {
            if (squaredDistance(vectors[i], other) <= squaredRadii[i]) {
                return true;
            }
        }
        return false;
    }

    private double squaredRadius(int own) {
        return IntStream.range(0, vectors.length)
                .filter(i -> i != own)
                .mapToDouble(i -> squaredDistance(vectors[own], vectors[i]))
                .sorted()
                .skip(NEIGHBOUR - 1)
                .findFirst()
                .orElseThrow();
    }

    private static double squaredDistance(float[] left, float[] right) {
        double sum = 0;
        for (int i = 0; i < left.length; i++) {
            double difference = (double) left[i] - right[i];
            sum += difference * difference;
        }
        return sum;
    }
}
