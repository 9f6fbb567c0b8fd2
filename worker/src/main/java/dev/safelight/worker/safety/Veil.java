package dev.safelight.worker.safety;

import dev.safelight.worker.decode.Picture;

/**
 * Blurs a picture until only its colours are left: the means of at most {@value #CELLS} cells along its longer side, with
 * smooth transitions between them. No more than these means can be got back, whatever is known of how it was done.
 */
final class Veil {
    private static final int CELLS = 10;
    private static final int LEAST_SIDE = 4;

    private Veil() {}

    static Picture over(Picture picture) {
        int side = Math.max(LEAST_SIDE, Math.ceilDiv(Math.max(picture.width(), picture.height()), CELLS));
        int across = Math.ceilDiv(picture.width(), side);
        int down = Math.ceilDiv(picture.height(), side);
        double[] means = means(picture, side, across, down);
        byte[] pixels = new byte[picture.pixels().length];
        for (int y = 0; y < picture.height(); y++) {
            double row = Math.clamp((y + 0.5) / side - 0.5, 0, down - 1);
            int above = (int) row;
            int below = Math.min(above + 1, down - 1);
            for (int x = 0; x < picture.width(); x++) {
                double column = Math.clamp((x + 0.5) / side - 0.5, 0, across - 1);
                int left = (int) column;
                int right = Math.min(left + 1, across - 1);
                for (int channel = 0; channel < picture.channels(); channel++) {
                    double upper = between(means, picture, above * across, left, right, column - left, channel);
                    double lower = between(means, picture, below * across, left, right, column - left, channel);
                    pixels[(y * picture.width() + x) * picture.channels() + channel] =
                            (byte) Math.round(upper + (row - above) * (lower - upper));
                }
            }
        }
        return new Picture(picture.width(), picture.height(), picture.channels(), pixels);
    }

    private static double between(
            double[] means, Picture picture, int row, int left, int right, double share, int channel) {
        double first = means[(row + left) * picture.channels() + channel];
        double second = means[(row + right) * picture.channels() + channel];
        return first + share * (second - first);
    }

    /** [down, across, channels] */
    private static double[] means(Picture picture, int side, int across, int down) {
        double[] sums = new double[down * across * picture.channels()];
        int[] counts = new int[down * across];
        for (int y = 0; y < picture.height(); y++) {
            for (int x = 0; x < picture.width(); x++) {
                int cell = y / side * across + x / side;
                counts[cell]++;
                for (int channel = 0; channel < picture.channels(); channel++) {
                    sums[cell * picture.channels() + channel] += Byte.toUnsignedInt(
                            picture.pixels()[(y * picture.width() + x) * picture.channels() + channel]);
                }
            }
        }
        for (int i = 0; i < sums.length; i++) {
            sums[i] /= counts[i / picture.channels()];
        }
        return sums;
    }
}
