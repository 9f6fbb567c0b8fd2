package dev.safelight.common.sampling.degrade;

/** Of an image, row-major. */
public record Shape(int channels, int height, int width) {

    int area() {
        return height * width;
    }

    int at(int channel, int row, int column) {
        return (channel * height + row) * width + column;
    }

    /** Each channel's mean in all its places. */
    float[] means(float[] x) {
        float[] flat = new float[x.length];
        for (int channel = 0; channel < channels; channel++) {
            double sum = 0;
            for (int i = 0; i < area(); i++) {
                sum += x[channel * area() + i];
            }
            for (int i = 0; i < area(); i++) {
                flat[channel * area() + i] = (float) (sum / area());
            }
        }
        return flat;
    }
}
