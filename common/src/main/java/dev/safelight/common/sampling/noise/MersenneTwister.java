package dev.safelight.common.sampling.noise;

/**
 * MT19937, random 32-bit words of period 2^19937 − 1 (Matsumoto and Nishimura, "Mersenne twister", 1998), with the seeding
 * of its 2002 revision.
 */
final class MersenneTwister {
    private static final int SIZE = 624;
    private static final int MIDDLE = 397;
    private static final int UPPER = 0x80000000;
    private static final int LOWER = 0x7fffffff;
    private static final int TWIST = 0x9908b0df;

    private final int[] state = new int[SIZE];
    private int used = SIZE;

    MersenneTwister(int seed) {
        state[0] = seed;
        for (int j = 1; j < SIZE; j++) {
            state[j] = 1812433253 * (state[j - 1] ^ (state[j - 1] >>> 30)) + j;
        }
    }

    /** The next word, 32 random bits. */
    int next() {
        if (used == SIZE) {
            turn();
        }
        int word = state[used++];
        word ^= word >>> 11;
        word ^= (word << 7) & 0x9d2c5680;
        word ^= (word << 15) & 0xefc60000;
        return word ^ (word >>> 18);
    }

    /** Leaves out words. */
    void skip(long words) {
        long left = words;
        while (left > SIZE - used) {
            left -= SIZE - used;
            turn();
        }
        used += (int) left;
    }

    private void turn() {
        for (int j = 0; j < SIZE; j++) {
            int mixed = (state[j] & UPPER) | (state[(j + 1) % SIZE] & LOWER);
            int twisted = (mixed >>> 1) ^ ((mixed & 1) == 0 ? 0 : TWIST);
            state[j] = state[(j + MIDDLE) % SIZE] ^ twisted;
        }
        used = 0;
    }
}
