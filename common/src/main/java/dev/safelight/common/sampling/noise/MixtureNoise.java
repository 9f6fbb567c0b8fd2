package dev.safelight.common.sampling.noise;

import dev.safelight.common.sampling.Noise;

/**
 * A mixture of normal laws, brought to zero mean and unit variance.
 *
 * @param weight of each law; they add up to 1
 */
public record MixtureNoise(Noise source, double[] weight, double[] mean, double[] deviation) implements Noise {
    /** Streams of the choice between the laws; far from those that samplers use. */
    private static final int CHOICE = 1 << 29;

    /** @param parts weight, mean and deviation of each law, in turn, in any scale */
    public static MixtureNoise of(Noise source, double[] parts) {
        int laws = parts.length / 3;
        double total = 0;
        double first = 0;
        double second = 0;
        for (int k = 0; k < laws; k++) {
            double m = parts[3 * k + 1];
            double s = parts[3 * k + 2];
            total += parts[3 * k];
            first += parts[3 * k] * m;
            second += parts[3 * k] * (m * m + s * s);
        }
        double middle = first / total;
        double scale = Math.sqrt(second / total - middle * middle);
        double[] weight = new double[laws];
        double[] mean = new double[laws];
        double[] deviation = new double[laws];
        for (int k = 0; k < laws; k++) {
            weight[k] = parts[3 * k] / total;
            mean[k] = (parts[3 * k + 1] - middle) / scale;
            deviation[k] = parts[3 * k + 2] / scale;
        }
        return new MixtureNoise(source, weight, mean, deviation);
    }

    @Override
    public float[] unit(int stream, int step, int size) {
        float[] draws = source.unit(stream, step, size);
        float[] choice = source.uniform(CHOICE + stream, step, size);
        float[] mixed = new float[size];
        for (int i = 0; i < size; i++) {
            int law = 0;
            double below = weight[0];
            while (choice[i] > below && law < weight.length - 1) {
                law++;
                below += weight[law];
            }
            mixed[i] = (float) (mean[law] + deviation[law] * draws[i]);
        }
        return mixed;
    }

    @Override
    public float[] uniform(int stream, int step, int size) {
        return source.uniform(stream, step, size);
    }
}
