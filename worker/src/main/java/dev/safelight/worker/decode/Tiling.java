package dev.safelight.worker.decode;

import dev.safelight.common.bundle.Manifest;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A large latent as overlapping squares of one size, and their pictures as one again. Where squares overlap, each counts
 * the less the nearer its own edge is, so that no seam shows. How a latent is cut depends on its size alone, so that every
 * worker makes the same picture of it.
 */
public final class Tiling {
    private final int channels;
    private final int height;
    private final int width;
    private final int tileHeight;
    private final int tileWidth;
    private final int overlap;

    /**
     * @param latent its shape [channels, height, width]
     * @throws IllegalArgumentException where squares would not be larger than their overlap
     */
    public Tiling(List<Integer> latent, Manifest.Tiles tiles) {
        if (tiles.overlap() < 1 || tiles.side() <= tiles.overlap()) {
            throw new IllegalArgumentException("tiles must be larger than their overlap, which must be 1 or more");
        }
        this.channels = latent.get(0);
        this.height = latent.get(1);
        this.width = latent.get(2);
        this.tileHeight = Math.min(tiles.side(), height);
        this.tileWidth = Math.min(tiles.side(), width);
        this.overlap = tiles.overlap();
    }

    /** Of each square of the latent. */
    public List<Integer> tileShape() {
        return List.of(channels, tileHeight, tileWidth);
    }

    /**
     * @param latent row-major in its shape
     * @param decoder makes a picture [colours, factor · tile height, factor · tile width] of a square
     * @return the picture [colours, factor · height, factor · width]
     */
    public float[] decoded(float[] latent, int colours, int factor, UnaryOperator<float[]> decoder) {
        int across = factor * width;
        float[] picture = new float[colours * factor * height * across];
        float[] weights = new float[factor * height * across];
        for (int row : starts(height, tileHeight, overlap)) {
            float[] down = ramps(row, tileHeight, height, factor);
            for (int column : starts(width, tileWidth, overlap)) {
                float[] along = ramps(column, tileWidth, width, factor);
                float[] made = decoder.apply(cut(latent, row, column));
                for (int y = 0; y < down.length; y++) {
                    for (int x = 0; x < along.length; x++) {
                        float weight = down[y] * along[x];
                        int place = (factor * row + y) * across + factor * column + x;
                        weights[place] += weight;
                        for (int colour = 0; colour < colours; colour++) {
                            picture[colour * weights.length + place] +=
                                    weight * made[(colour * down.length + y) * along.length + x];
                        }
                    }
                }
            }
        }
        for (int i = 0; i < picture.length; i++) {
            picture[i] /= weights[i % weights.length];
        }
        return picture;
    }

    private float[] cut(float[] latent, int row, int column) {
        float[] part = new float[channels * tileHeight * tileWidth];
        for (int line = 0; line < channels * tileHeight; line++) {
            int from = (line / tileHeight * height + row + line % tileHeight) * width + column;
            System.arraycopy(latent, from, part, line * tileWidth, tileWidth);
        }
        return part;
    }

    /** Where squares begin: spread evenly, the first at one edge and the last at the other. */
    static int[] starts(int length, int side, int overlap) {
        if (length <= side) {
            return new int[] {0};
        }
        int count = Math.ceilDiv(length - overlap, side - overlap);
        int[] starts = new int[count];
        for (int i = 0; i < count; i++) {
            starts[i] = (int) ((long) i * (length - side) / (count - 1));
        }
        return starts;
    }

    /** How much each pixel of a square counts along one axis: all but near an edge behind which another square goes on. */
    private float[] ramps(int start, int side, int length, int factor) {
        float[] weights = new float[factor * side];
        Arrays.fill(weights, 1);
        int reach = factor * overlap;
        for (int i = 0; i < reach; i++) {
            float weight = (i + 0.5f) / reach;
            if (start > 0) {
                weights[i] = Math.min(weights[i], weight);
            }
            if (start + side < length) {
                int mirrored = weights.length - 1 - i;
                weights[mirrored] = Math.min(weights[mirrored], weight);
            }
        }
        return weights;
    }
}
