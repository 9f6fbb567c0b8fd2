package dev.safelight.common.sampling.noise;

/** The normal law, for tests. */
public final class NormalLaw {
    private NormalLaw() {}

    public static double density(double x) {
        return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    /** Φ(x) = ½ + φ(x)(x + x³/3 + x⁵/15 + …), to about 1e-15 (Marsaglia 2004). */
    public static double cumulative(double x) {
        if (x < -8) {
            return 0;
        }
        if (x > 8) {
            return 1;
        }
        double sum = x;
        double term = x;
        for (int i = 3; sum + term != sum; i += 2) {
            term *= x * x / i;
            sum += term;
        }
        return 0.5 + sum * density(x);
    }
}
