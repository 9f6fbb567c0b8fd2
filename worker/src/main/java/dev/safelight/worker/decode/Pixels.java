package dev.safelight.worker.decode;

import java.util.List;

/** The latent [channels, height, width] is the picture: its range becomes 0..255, rounded half up and clamped. */
record Pixels(int channels, int height, int width, double low, double high) implements Decoder {
    private static final int BRIGHTEST = 255;

    static Pixels of(List<Integer> shape, List<Double> range) {
        return new Pixels(shape.get(0), shape.get(1), shape.get(2), range.getFirst(), range.getLast());
    }

    @Override
    public Picture decode(float[] latent) {
        int area = height * width;
        byte[] pixels = new byte[channels * area];
        for (int channel = 0; channel < channels; channel++) {
            for (int place = 0; place < area; place++) {
                pixels[place * channels + channel] = brightness(latent[channel * area + place]);
            }
        }
        return new Picture(width, height, channels, pixels);
    }

    private byte brightness(float value) {
        if (!Float.isFinite(value)) {
            throw new NotFinite();
        }
        double scaled = BRIGHTEST * (value - low) / (high - low);
        return (byte) Math.clamp((long) Math.floor(scaled + 0.5), 0, BRIGHTEST);
    }
}
