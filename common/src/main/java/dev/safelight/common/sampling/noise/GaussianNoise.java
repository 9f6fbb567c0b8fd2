package dev.safelight.common.sampling.noise;

import dev.safelight.common.sampling.Noise;

/**
 * Standard normal draws from a counter: the key is the seed, the counter is (block, step, stream). Box–Muller on
 * {@link StrictMath}, whose results are the same bits on every machine.
 */
public record GaussianNoise(long seed) implements Noise {
    private static final double UNIT = 0x1p-32;
    private static final int DRAWS_A_BLOCK = 4;

    @Override
    public float[] unit(int stream, int step, int size) {
        float[] draws = new float[size];
        int[] words = new int[DRAWS_A_BLOCK];
        for (int block = 0; block * DRAWS_A_BLOCK < size; block++) {
            words[0] = block;
            words[1] = step;
            words[2] = stream;
            words[3] = 0;
            Philox.scramble(words, (int) seed, (int) (seed >>> 32));
            int first = block * DRAWS_A_BLOCK;
            pair(words[0], words[1], draws, first);
            pair(words[2], words[3], draws, first + 2);
        }
        return draws;
    }

    private static void pair(int radiusWord, int angleWord, float[] draws, int at) {
        if (at >= draws.length) {
            return;
        }
        // Half a unit is added so that the logarithm never sees zero.
        double radius = Math.sqrt(-2 * StrictMath.log((Integer.toUnsignedLong(radiusWord) + 0.5) * UNIT));
        double angle = 2 * Math.PI * (Integer.toUnsignedLong(angleWord) * UNIT);
        draws[at] = (float) (radius * StrictMath.cos(angle));
        if (at + 1 < draws.length) {
            draws[at + 1] = (float) (radius * StrictMath.sin(angle));
        }
    }
}
