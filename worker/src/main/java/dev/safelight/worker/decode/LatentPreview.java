package dev.safelight.worker.decode;

import dev.safelight.common.bundle.Manifest;
import java.util.List;

/**
 * A coarse picture of a latent that only a network can decode, one pixel for each place, each brightness a weighted sum of
 * the place's channels: enough to see what a walk is about, and free.
 */
public final class LatentPreview implements Decoder {
    /** The name of its weights among a bundle's tables. */
    public static final String TABLE = "preview";

    private static final int COLOURS = 3;
    private static final int BRIGHTEST = 255;

    private final int channels;
    private final int height;
    private final int width;
    private final double[] weights;

    private LatentPreview(List<Integer> shape, double[] weights) {
        this.channels = shape.get(0);
        this.height = shape.get(1);
        this.width = shape.get(2);
        this.weights = weights;
    }

    /**
     * @param table weights of the latent's channels and then a constant, for red, green and blue in turn, brightness 0 to
     *     1; null where the bundle has none: then the first three channels are the colours
     */
    public static Decoder of(Manifest manifest, double[] table) {
        List<Integer> shape = manifest.latent().shape();
        int channels = shape.get(0);
        boolean fits = table != null && table.length == COLOURS * (channels + 1);
        return new LatentPreview(shape, fits ? table : plain(channels));
    }

    private static double[] plain(int channels) {
        double[] weights = new double[COLOURS * (channels + 1)];
        for (int colour = 0; colour < COLOURS; colour++) {
            weights[colour * (channels + 1) + Math.min(colour, channels - 1)] = 0.25;
            weights[colour * (channels + 1) + channels] = 0.5;
        }
        return weights;
    }

    @Override
    public Picture decode(float[] latent) {
        int area = height * width;
        byte[] pixels = new byte[COLOURS * area];
        for (int place = 0; place < area; place++) {
            for (int colour = 0; colour < COLOURS; colour++) {
                int first = colour * (channels + 1);
                double brightness = weights[first + channels];
                for (int channel = 0; channel < channels; channel++) {
                    brightness += weights[first + channel] * latent[channel * area + place];
                }
                if (!Double.isFinite(brightness)) {
                    throw new NotFinite();
                }
                pixels[COLOURS * place + colour] = (byte) Math.clamp(Math.round(BRIGHTEST * brightness), 0, BRIGHTEST);
            }
        }
        return new Picture(width, height, COLOURS, pixels);
    }
}
