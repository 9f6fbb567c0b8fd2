package dev.safelight.common.sampling.degrade;

import dev.safelight.common.sampling.Degradation;

/**
 * A dark spot that grows: each operator multiplies with 1 − exp(−distance²/2r²), r growing by one unit an operator. The
 * spot's centre is drawn once a walk.
 *
 * @param growth of r in pixels an operator
 */
public record Fade(Shape shape, int steps, double growth) implements Degradation {

    @Override
    public int frozenSize() {
        return 2;
    }

    @Override
    public float[] apply(float[] x, int t, float[] frozen) {
        double centreRow = frozen[0] * (shape.height() - 1);
        double centreColumn = frozen[1] * (shape.width() - 1);
        float[] faded = new float[x.length];
        for (int row = 0; row < shape.height(); row++) {
            for (int column = 0; column < shape.width(); column++) {
                double square = Math.pow(row - centreRow, 2) + Math.pow(column - centreColumn, 2);
                double kept = 1;
                for (int k = 1; k <= t; k++) {
                    double radius = growth * k;
                    kept *= -Math.expm1(-square / (2 * radius * radius));
                }
                for (int channel = 0; channel < shape.channels(); channel++) {
                    int at = shape.at(channel, row, column);
                    faded[at] = (float) (kept * x[at]);
                }
            }
        }
        return faded;
    }
}
