package dev.safelight.worker.preview;

import dev.safelight.worker.decode.Picture;

/** A picture made small enough to be sent several times a second. */
final class Thumbnail {
    private Thumbnail() {}

    /**
     * A picture no side of which is longer than {@code longest}; the picture itself where that holds already. Each pixel is
     * the mean of the square block that it stands for, which is smaller at the right and lower edge.
     *
     * @param longest in pixels
     */
    static Picture of(Picture picture, int longest) {
        int factor = Math.ceilDiv(Math.max(picture.width(), picture.height()), longest);
        if (factor <= 1) {
            return picture;
        }
        int width = Math.ceilDiv(picture.width(), factor);
        int height = Math.ceilDiv(picture.height(), factor);
        byte[] pixels = new byte[width * height * picture.channels()];
        int place = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                for (int channel = 0; channel < picture.channels(); channel++) {
                    pixels[place++] = mean(picture, x * factor, y * factor, factor, channel);
                }
            }
        }
        return new Picture(width, height, picture.channels(), pixels);
    }

    private static byte mean(Picture picture, int left, int top, int factor, int channel) {
        int right = Math.min(left + factor, picture.width());
        int bottom = Math.min(top + factor, picture.height());
        int sum = 0;
        for (int y = top; y < bottom; y++) {
            for (int x = left; x < right; x++) {
                sum += picture.pixels()[(y * picture.width() + x) * picture.channels() + channel] & 0xff;
            }
        }
        int count = (right - left) * (bottom - top);
        return (byte) ((sum + count / 2) / count);
    }
}
