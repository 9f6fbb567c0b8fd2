package dev.safelight.worker.encode;

import dev.safelight.common.bundle.Manifest.PictureSpace;
import dev.safelight.worker.decode.Picture;
import java.util.List;

/**
 * Brings a picture to a model's size: scaled until it covers it, and cropped in the middle. A picture that has the size
 * already is taken number by number.
 */
public final class Fitting {
    private static final int BRIGHTEST = 255;
    /** Of ITU-R BT.601. */
    private static final double[] LUMA = {0.299, 0.587, 0.114};

    private Fitting() {}

    /** @return numbers [channels, height, width] in the range of the space */
    public static float[] picture(Picture picture, PictureSpace space) {
        List<Integer> shape = space.shape();
        double low = space.range().getFirst();
        double reach = space.range().getLast() - low;
        int area = shape.get(1) * shape.get(2);
        float[] numbers = new float[shape.get(0) * area];
        // One after the other: a plane of a large picture takes four bytes a pixel.
        for (int channel = 0; channel < shape.get(0); channel++) {
            float[] plane = scaled(
                    plane(picture, channel, shape.get(0)),
                    picture.width(),
                    picture.height(),
                    shape.get(2),
                    shape.get(1),
                    false);
            for (int i = 0; i < area; i++) {
                numbers[channel * area + i] = (float) (low + reach * plane[i] / BRIGHTEST);
            }
        }
        return numbers;
    }

    /**
     * Each place is as bright as the part of the mask that it covers: an edge between two places stays sharp.
     *
     * @return how bright each place of the mask is, from 0 to 1, [height, width]
     */
    public static float[] mask(Picture mask, int width, int height) {
        float[] plane = scaled(plane(mask, 0, 1), mask.width(), mask.height(), width, height, true);
        for (int i = 0; i < plane.length; i++) {
            plane[i] /= BRIGHTEST;
        }
        return plane;
    }

    /** Grey from colour by luma, colour from grey by repetition. */
    private static float[] plane(Picture picture, int channel, int channels) {
        float[] plane = new float[picture.width() * picture.height()];
        for (int i = 0; i < plane.length; i++) {
            plane[i] = channels == 1 && picture.channels() == 3
                    ? luma(picture, i)
                    : sample(picture, i, Math.min(channel, picture.channels() - 1));
        }
        return plane;
    }

    private static float luma(Picture picture, int place) {
        double sum = 0;
        for (int channel = 0; channel < LUMA.length; channel++) {
            sum += LUMA[channel] * sample(picture, place, channel);
        }
        return (float) sum;
    }

    private static float sample(Picture picture, int place, int channel) {
        return Byte.toUnsignedInt(picture.pixels()[place * picture.channels() + channel]);
    }

    private static float[] scaled(float[] plane, int width, int height, int newWidth, int newHeight, boolean byArea) {
        double scale = Math.min((double) width / newWidth, (double) height / newHeight);
        boolean area = byArea && scale > 1;
        float[] across = new float[height * newWidth];
        Taps columns = new Taps((width - scale * newWidth) / 2, scale, width, area);
        for (int row = 0; row < height; row++) {
            for (int column = 0; column < newWidth; column++) {
                across[row * newWidth + column] = columns.at(column, plane, row * width, 1);
            }
        }
        float[] scaled = new float[newHeight * newWidth];
        Taps rows = new Taps((height - scale * newHeight) / 2, scale, height, area);
        for (int row = 0; row < newHeight; row++) {
            for (int column = 0; column < newWidth; column++) {
                scaled[row * newWidth + column] = rows.at(row, across, column, newWidth);
            }
        }
        return scaled;
    }

    /**
     * Linear interpolation along one axis, widened where the picture gets smaller, so that every pixel counts.
     *
     * @param offset of the first new pixel's edge
     * @param scale old pixels for each new one
     * @param area whether old pixels count by how much of them the new one covers
     */
    private record Taps(double offset, double scale, int length, boolean area) {
        float at(int place, float[] values, int first, int stride) {
            return area ? covered(place, values, first, stride) : interpolated(place, values, first, stride);
        }

        private float covered(int place, float[] values, int first, int stride) {
            double from = offset + place * scale;
            double to = from + scale;
            double sum = 0;
            for (int i = (int) Math.floor(from); i < to; i++) {
                double share = Math.min(i + 1, to) - Math.max(i, from);
                sum += share * values[first + stride * Math.clamp(i, 0, length - 1)];
            }
            return (float) (sum / scale);
        }

        private float interpolated(int place, float[] values, int first, int stride) {
            double middle = offset + (place + 0.5) * scale - 0.5;
            double reach = Math.max(1, scale);
            double sum = 0;
            double weights = 0;
            for (int i = (int) Math.ceil(middle - reach); i <= middle + reach; i++) {
                double weight = 1 - Math.abs(i - middle) / reach;
                if (weight > 0) {
                    sum += weight * values[first + stride * Math.clamp(i, 0, length - 1)];
                    weights += weight;
                }
            }
            return (float) (sum / weights);
        }
    }
}
