package dev.safelight.common.sampling.degrade;

import dev.safelight.common.sampling.Degradation;

/**
 * t times a Gaussian blur, which is one blur of √t times the deviation. Edges are mirrored.
 *
 * @param deviation of one operator, in pixels
 * @param collapses whether the last operator leaves nothing but each channel's mean
 */
public record Blur(Shape shape, int steps, double deviation, boolean collapses) implements Degradation {
    private static final int REACH = 4;

    @Override
    public float[] apply(float[] x, int t, float[] frozen) {
        if (t == 0) {
            return x;
        }
        if (collapses && t == steps) {
            return shape.means(x);
        }
        double[] kernel = kernel(deviation * Math.sqrt(t));
        return pass(pass(x, kernel, true), kernel, false);
    }

    private static double[] kernel(double deviation) {
        int reach = Math.max(1, (int) Math.ceil(REACH * deviation));
        double[] kernel = new double[2 * reach + 1];
        double sum = 0;
        for (int i = -reach; i <= reach; i++) {
            kernel[i + reach] = Math.exp(-i * i / (2 * deviation * deviation));
            sum += kernel[i + reach];
        }
        for (int i = 0; i < kernel.length; i++) {
            kernel[i] /= sum;
        }
        return kernel;
    }

    private float[] pass(float[] x, double[] kernel, boolean across) {
        float[] blurred = new float[x.length];
        int reach = kernel.length / 2;
        for (int channel = 0; channel < shape.channels(); channel++) {
            for (int row = 0; row < shape.height(); row++) {
                for (int column = 0; column < shape.width(); column++) {
                    double sum = 0;
                    for (int k = -reach; k <= reach; k++) {
                        int r = across ? row : mirrored(row + k, shape.height());
                        int c = across ? mirrored(column + k, shape.width()) : column;
                        sum += kernel[k + reach] * x[shape.at(channel, r, c)];
                    }
                    blurred[shape.at(channel, row, column)] = (float) sum;
                }
            }
        }
        return blurred;
    }

    private static int mirrored(int place, int size) {
        int period = Math.floorMod(place, 2 * size);
        return period < size ? period : 2 * size - 1 - period;
    }
}
