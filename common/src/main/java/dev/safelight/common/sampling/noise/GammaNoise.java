package dev.safelight.common.sampling.noise;

import dev.safelight.common.sampling.Noise;
import java.util.Arrays;

/**
 * Gamma draws brought to zero mean and unit variance, (Γ(k) − k)/√k, made of normal draws by the rejection method of
 * Marsaglia and Tsang (2000). A draw that is refused is tried again from a stream of its own, so that draws depend on
 * nothing but their coordinates.
 *
 * @param shape k
 */
public record GammaNoise(Noise source, double shape) implements Noise {
    /** Beyond it the law differs from the normal one by less than a float shows. */
    private static final double NORMAL = 1e6;

    /** Streams of the tries; far from those that samplers use. */
    private static final int TRIES = 1 << 16;

    private static final int STREAMS_A_TRY = 1 << 8;
    private static final int BOOST = 1 << 30;

    @Override
    public float[] unit(int stream, int step, int size) {
        if (shape > NORMAL) {
            return source.unit(stream, step, size);
        }
        // Below 1 the method needs one more in the shape, and a power of a uniform draw takes it back.
        double boosted = shape < 1 ? shape + 1 : shape;
        double[] draws = drawn(boosted, stream, step, size);
        if (shape < 1) {
            float[] uniform = source.uniform(BOOST + stream, step, size);
            for (int i = 0; i < size; i++) {
                draws[i] *= StrictMath.pow(uniform[i], 1 / shape);
            }
        }
        float[] unit = new float[size];
        for (int i = 0; i < size; i++) {
            unit[i] = (float) ((draws[i] - shape) / Math.sqrt(shape));
        }
        return unit;
    }

    private double[] drawn(double k, int stream, int step, int size) {
        double d = k - 1.0 / 3;
        double c = 1 / Math.sqrt(9 * d);
        double[] draws = new double[size];
        Arrays.fill(draws, Double.NaN);
        int left = size;
        for (int attempt = 0; left > 0; attempt++) {
            int first = TRIES + attempt * STREAMS_A_TRY + 2 * stream;
            float[] x = source.unit(first, step, size);
            float[] uniform = source.uniform(first + 1, step, size);
            for (int i = 0; i < size; i++) {
                double root = 1 + c * x[i];
                double v = root * root * root;
                if (Double.isNaN(draws[i])
                        && v > 0
                        && StrictMath.log(uniform[i]) < 0.5 * x[i] * x[i] + d * (1 - v + StrictMath.log(v))) {
                    draws[i] = d * v;
                    left--;
                }
            }
        }
        return draws;
    }

    @Override
    public float[] uniform(int stream, int step, int size) {
        return source.uniform(stream, step, size);
    }
}
