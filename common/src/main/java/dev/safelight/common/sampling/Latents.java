package dev.safelight.common.sampling;

import java.util.List;

/**
 * Linear combinations, the whole arithmetic of a step: coefficients and sums in double, latents stored as float. Arrays
 * have equal length and are never changed.
 */
public final class Latents {
    private Latents() {}

    /** a·x. */
    public static float[] scaled(double a, float[] x) {
        float[] sum = new float[x.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = (float) (a * x[i]);
        }
        return sum;
    }

    /** a·x + b·y. */
    public static float[] combined(double a, float[] x, double b, float[] y) {
        float[] sum = new float[x.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = (float) (a * x[i] + b * y[i]);
        }
        return sum;
    }

    /** a·x + b·y + c·z. */
    public static float[] combined(double a, float[] x, double b, float[] y, double c, float[] z) {
        float[] sum = new float[x.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = (float) (a * x[i] + b * y[i] + c * z[i]);
        }
        return sum;
    }

    /** x + y. */
    public static float[] sum(float[] x, float[] y) {
        return combined(1, x, 1, y);
    }

    /** Σ aₖ·xₖ. */
    public static float[] combined(double[] a, List<float[]> x) {
        float[] sum = new float[x.getFirst().length];
        for (int i = 0; i < sum.length; i++) {
            double total = 0;
            for (int k = 0; k < a.length; k++) {
                total += a[k] * x.get(k)[i];
            }
            sum[i] = (float) total;
        }
        return sum;
    }
}
