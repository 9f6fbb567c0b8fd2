package dev.safelight.common.sampling;

/** What a network was trained to return, and how that becomes an estimate (all for x = a·x0 + s·z). */
public enum Prediction {
    /** E = out, D = (x − sE)/a (Ho et al. 2020). */
    EPSILON("epsilon", true) {
        @Override
        public Estimate estimate(float[] x, float[] output, Level level) {
            double a = level.signal();
            return new Estimate(Latents.combined(1 / a, x, -level.noise() / a, output), output);
        }
    },
    /** D = out, E = (x − aD)/s. */
    X0("x0", false) {
        @Override
        public Estimate estimate(float[] x, float[] output, Level level) {
            double s = level.noise();
            return new Estimate(output, Latents.combined(1 / s, x, -level.signal() / s, output));
        }
    },
    /** out = aE − sD, so D = ax − s·out and E = a·out + sx; needs a² + s² = 1 (Salimans and Ho 2022). */
    V("v", false) {
        @Override
        public Estimate estimate(float[] x, float[] output, Level level) {
            double a = level.signal();
            double s = level.noise();
            return new Estimate(Latents.combined(a, x, -s, output), Latents.combined(s, x, a, output));
        }
    },
    /** out = ∇ ln p(x), so E = −s·out and D = (x + s²·out)/a (Song and Ermon 2019). */
    SCORE("score", true) {
        @Override
        public Estimate estimate(float[] x, float[] output, Level level) {
            double a = level.signal();
            double s = level.noise();
            return new Estimate(Latents.combined(1 / a, x, s * s / a, output), Latents.scaled(-s, output));
        }
    },
    /** out = E − D, so D = (x − s·out)/(a + s) and E = (x + a·out)/(a + s), where flow matching has a + s = 1. */
    FLOW("flow", false) {
        @Override
        public Estimate estimate(float[] x, float[] output, Level level) {
            double a = level.signal();
            double s = level.noise();
            double whole = a + s;
            return new Estimate(
                    Latents.combined(1 / whole, x, -s / whole, output),
                    Latents.combined(1 / whole, x, a / whole, output));
        }
    };

    private final String word;
    private final boolean needsSignal;

    Prediction(String word, boolean needsSignal) {
        this.word = word;
        this.needsSignal = needsSignal;
    }

    /** @throws IllegalArgumentException for a word that names no prediction */
    public static Prediction of(String word) {
        for (Prediction prediction : values()) {
            if (prediction.word.equals(word)) {
                return prediction;
            }
        }
        throw new IllegalArgumentException("no prediction is called " + word);
    }

    /** Whether nothing is known of clean data at a level without signal. */
    public boolean needsSignal() {
        return needsSignal;
    }

    /** @param output what the network returned for {@code x}, of the same length */
    public abstract Estimate estimate(float[] x, float[] output, Level level);
}
