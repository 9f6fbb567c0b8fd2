package dev.safelight.common.sampling.noise;

/**
 * A {@code torch.Generator} of an x86 CPU: the same bits as {@code torch.randn(n, generator=g)} in float32, call by call.
 * Checked against torch 2.7.1.
 *
 * <p>Fewer than 16 numbers are drawn in double, in pairs, of which the second may wait for the next call. From 16 on the
 * library draws all uniforms first and turns them into normals in blocks of 16, in float, with logarithm, sine and cosine
 * of the Cephes library (Moshier) and fused multiply-adds; a size that is no multiple of 16 draws the last 16 anew.
 */
final class TorchGenerator {
    /** Sizes from here on are drawn in blocks. */
    private static final int BLOCK = 16;
    /** Each block keeps radii in its first half and angles in its second. */
    private static final int HALF = 8;

    private static final int FLOAT_BITS = 0xFFFFFF;
    private static final float FLOAT_UNIT = 0x1p-24f;
    private static final long DOUBLE_BITS = (1L << 53) - 1;
    private static final double DOUBLE_UNIT = 0x1p-53;

    private final MersenneTwister words;
    private double spare;
    private boolean hasSpare;

    /** @param seed as for {@code manual_seed}; the library uses its low 32 bits */
    TorchGenerator(long seed) {
        this.words = new MersenneTwister((int) seed);
    }

    /** {@code torch.randn(size)}. */
    float[] normal(int size) {
        float[] draws = new float[size];
        if (size < BLOCK) {
            for (int i = 0; i < size; i++) {
                draws[i] = (float) single();
            }
            return draws;
        }
        for (int i = 0; i < size; i++) {
            draws[i] = uniform();
        }
        for (int from = 0; from + BLOCK <= size; from += BLOCK) {
            transform(draws, from);
        }
        if (size % BLOCK != 0) {
            int from = size - BLOCK;
            for (int i = from; i < size; i++) {
                draws[i] = uniform();
            }
            transform(draws, from);
        }
        return draws;
    }

    /** Goes on as if {@code normal(size)} had been called. */
    void skip(int size) {
        if (size < BLOCK) {
            normal(size);
        } else {
            words.skip(size % BLOCK == 0 ? size : size + BLOCK);
        }
    }

    /** In [0, 1). */
    private float uniform() {
        return (words.next() & FLOAT_BITS) * FLOAT_UNIT;
    }

    private double doubleUniform() {
        long high = Integer.toUnsignedLong(words.next());
        long low = Integer.toUnsignedLong(words.next());
        return ((high << 32 | low) & DOUBLE_BITS) * DOUBLE_UNIT;
    }

    private double single() {
        if (hasSpare) {
            hasSpare = false;
            return spare;
        }
        double angle = 2 * Math.PI * doubleUniform();
        double radius = Math.sqrt(-2 * StrictMath.log1p(-doubleUniform()));
        spare = radius * StrictMath.sin(angle);
        hasSpare = true;
        return radius * StrictMath.cos(angle);
    }

    /** Sixteen uniforms to sixteen normals (Box and Muller 1958). */
    private static void transform(float[] draws, int from) {
        for (int i = from; i < from + HALF; i++) {
            float radius = (float) Math.sqrt(-2 * logarithm(1 - draws[i]));
            turn(draws, i, radius, 6.2831855f * draws[i + HALF]);
        }
    }

    /** ln x for x in (0, 1]. */
    private static float logarithm(float x) {
        int bits = Float.floatToRawIntBits(x);
        float e = (bits >>> 23) - 126;
        float m = Float.intBitsToFloat((bits & 0x007fffff) | 0x3f000000);
        if (m < 0.70710677f) {
            e -= 1;
            m = (m - 1) + m;
        } else {
            m = m - 1;
        }
        float z = m * m;
        float y = 7.0376836292e-2f;
        y = Math.fma(y, m, -1.1514610310e-1f);
        y = Math.fma(y, m, 1.1676998740e-1f);
        y = Math.fma(y, m, -1.2420140846e-1f);
        y = Math.fma(y, m, 1.4249322787e-1f);
        y = Math.fma(y, m, -1.6668057665e-1f);
        y = Math.fma(y, m, 2.0000714765e-1f);
        y = Math.fma(y, m, -2.4999993993e-1f);
        y = Math.fma(y, m, 3.3333331174e-1f);
        y = y * m;
        y = Math.fma(y, z, e * -2.12194440e-4f);
        y = y - z * 0.5f;
        return Math.fma(e, 0.693359375f, m + y);
    }

    /** Writes radius·cos(angle) at {@code at} and radius·sin(angle) half a block further; the angle is in [0, 2π). */
    private static void turn(float[] draws, int at, float radius, float angle) {
        int octant = ((int) (angle * 1.27323954473516f) + 1) & ~1;
        float x = Math.fma((float) octant, -0.78515625f, angle);
        x = Math.fma((float) octant, -2.4187564849853515625e-4f, x);
        x = Math.fma((float) octant, -3.77489497744594108e-8f, x);
        float z = x * x;
        float c = 2.443315711809948e-5f;
        c = Math.fma(c, z, -1.388731625493765e-3f);
        c = Math.fma(c, z, 4.166664568298827e-2f);
        c = Math.fma(c * z, z, -(z * 0.5f)) + 1;
        float s = -1.9515295891e-4f;
        s = Math.fma(s, z, 8.3321608736e-3f);
        s = Math.fma(s, z, -1.6666654611e-1f);
        s = Math.fma(s * z, x, x);
        boolean swapped = (octant & 2) != 0;
        float cosine = swapped ? s : c;
        float sine = swapped ? c : s;
        // Adding 0 turns −0 into 0, as the library's multiply-add with mean 0 does.
        draws[at] = radius * (((octant - 2) & 4) == 0 ? -cosine : cosine) + 0f;
        draws[at + HALF] = radius * ((octant & 4) != 0 ? -sine : sine) + 0f;
    }
}
