package dev.safelight.common.sampling.degrade;

import dev.safelight.common.sampling.Degradation;

/** t halvings of the resolution: each block of 2^t pixels becomes its mean. */
public record Pixelate(Shape shape, int steps) implements Degradation {

    @Override
    public float[] apply(float[] x, int t, float[] frozen) {
        int side = 1 << Math.min(t, 30);
        float[] coarse = new float[x.length];
        for (int channel = 0; channel < shape.channels(); channel++) {
            for (int top = 0; top < shape.height(); top += side) {
                for (int left = 0; left < shape.width(); left += side) {
                    block(x, coarse, channel, top, left, side);
                }
            }
        }
        return coarse;
    }

    private void block(float[] x, float[] coarse, int channel, int top, int left, int side) {
        int bottom = Math.min(shape.height(), top + side);
        int right = Math.min(shape.width(), left + side);
        double sum = 0;
        for (int row = top; row < bottom; row++) {
            for (int column = left; column < right; column++) {
                sum += x[shape.at(channel, row, column)];
            }
        }
        float mean = (float) (sum / ((bottom - top) * (right - left)));
        for (int row = top; row < bottom; row++) {
            for (int column = left; column < right; column++) {
                coarse[shape.at(channel, row, column)] = mean;
            }
        }
    }
}
