package dev.safelight.standalone.evaluate;

import java.util.Arrays;
import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.EigenDecompositionSymmetric;
import org.hipparchus.linear.MatrixUtils;
import org.hipparchus.linear.RealMatrix;

/**
 * How far two sets of vectors are apart when each is taken for a normal law: |m₁ − m₂|² + tr(C₁ + C₂ − 2(C₁C₂)^½) (Heusel
 * et al. 2017), covariances divided by N − 1. Small sets look farther apart than large ones: compare equal counts.
 */
public final class FrechetDistance {
    private FrechetDistance() {}

    /** @param one at least 2 vectors, as long as the other's */
    public static double between(float[][] one, float[][] other) {
        double[] mean = mean(one);
        double[] otherMean = mean(other);
        RealMatrix covariance = covariance(one, mean);
        RealMatrix otherCovariance = covariance(other, otherMean);
        // The eigenvalues of C₁C₂ are those of the positive semidefinite R C₂ R with R = C₁^½.
        RealMatrix root = root(covariance);
        double product = Arrays.stream(
                        eigenvalues(root.multiply(otherCovariance).multiply(root)))
                .map(value -> Math.sqrt(Math.max(0, value)))
                .sum();
        double apart = 0;
        for (int i = 0; i < mean.length; i++) {
            apart += (mean[i] - otherMean[i]) * (mean[i] - otherMean[i]);
        }
        return apart + covariance.getTrace() + otherCovariance.getTrace() - 2 * product;
    }

    private static double[] mean(float[][] vectors) {
        double[] mean = new double[vectors[0].length];
        for (float[] vector : vectors) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += (double) vector[i] / vectors.length;
            }
        }
        return mean;
    }

    private static RealMatrix covariance(float[][] vectors, double[] mean) {
        double[][] sum = new double[mean.length][mean.length];
        for (float[] vector : vectors) {
            for (int i = 0; i < mean.length; i++) {
                for (int j = 0; j < mean.length; j++) {
                    sum[i][j] += (vector[i] - mean[i]) * (vector[j] - mean[j]) / (vectors.length - 1);
                }
            }
        }
        return new Array2DRowRealMatrix(sum, false);
    }

    private static RealMatrix root(RealMatrix symmetric) {
        EigenDecompositionSymmetric parts = new EigenDecompositionSymmetric(symmetric);
        double[] roots = Arrays.stream(parts.getEigenvalues())
                .map(value -> Math.sqrt(Math.max(0, value)))
                .toArray();
        return parts.getV()
                .multiply(MatrixUtils.createRealDiagonalMatrix(roots))
                .multiply(parts.getVT());
    }

    private static double[] eigenvalues(RealMatrix almostSymmetric) {
        RealMatrix symmetric = almostSymmetric.add(almostSymmetric.transpose()).scalarMultiply(0.5);
        return new EigenDecompositionSymmetric(symmetric).getEigenvalues();
    }
}
