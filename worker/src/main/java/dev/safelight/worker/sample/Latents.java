package dev.safelight.worker.sample;

/**
 * Linear combinations, the whole arithmetic of a step: coefficients and sums in double, latents stored as float. Arrays
 * have equal length and are never changed.
 */
final class Latents {
    private Latents() {}

    /** a·x. */
    static float[] scaled(double a, float[] x) {
        float[] sum = new float[x.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = (float) (a * x[i]);
        }
        return sum;
    }

    /** a·x + b·y. */
    static float[] combined(double a, float[] x, double b, float[] y) {
        float[] sum = new float[x.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = (float) (a * x[i] + b * y[i]);
        }
        return sum;
    }

    /** a·x + b·y + c·z. */
    static float[] combined(double a, float[] x, double b, float[] y, double c, float[] z) {
        float[] sum = new float[x.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = (float) (a * x[i] + b * y[i] + c * z[i]);
        }
        return sum;
    }
}
