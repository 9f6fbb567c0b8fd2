package dev.safelight.worker.decode;

/**
 * A raster image.
 *
 * @param channels 1 grey, 3 red green blue
 * @param pixels row by row, the channels of a pixel side by side, 0..255 in each byte
 */
public record Picture(int width, int height, int channels, byte[] pixels) {}
