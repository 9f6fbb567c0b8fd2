package dev.safelight.common.sampling.degrade;

import dev.safelight.common.sampling.Degradation;

/** Colour goes evenly over to grey, the mean of the channels. */
public record Desaturate(Shape shape, int steps) implements Degradation {

    @Override
    public float[] apply(float[] x, int t, float[] frozen) {
        double grey = (double) t / steps;
        float[] pale = new float[x.length];
        for (int i = 0; i < shape.area(); i++) {
            double sum = 0;
            for (int channel = 0; channel < shape.channels(); channel++) {
                sum += x[channel * shape.area() + i];
            }
            for (int channel = 0; channel < shape.channels(); channel++) {
                int at = channel * shape.area() + i;
                pale[at] = (float) ((1 - grey) * x[at] + grey * sum / shape.channels());
            }
        }
        return pale;
    }
}
