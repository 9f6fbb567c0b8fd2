package dev.safelight.worker.sample;

/** What a network was trained to return, and how that becomes an estimate (all for x = a·x0 + s·z). */
public enum Prediction {
    /** E = out, D = (x − sE)/a (Ho et al. 2020). */
    EPSILON("epsilon") {
        @Override
        public Estimate estimate(float[] x, float[] output, Level level) {
            double a = level.signal();
            return new Estimate(Latents.combined(1 / a, x, -level.noise() / a, output), output);
        }
    },
    /** D = out, E = (x − aD)/s. */
    X0("x0") {
        @Override
        public Estimate estimate(float[] x, float[] output, Level level) {
            double s = level.noise();
            return new Estimate(output, Latents.combined(1 / s, x, -level.signal() / s, output));
        }
    },
    /** out = aE − sD, so D = ax − s·out and E = a·out + sx; needs a² + s² = 1 (Salimans and Ho 2022). */
    V("v") {
        @Override
        public Estimate estimate(float[] x, float[] output, Level level) {
            double a = level.signal();
            double s = level.noise();
            return new Estimate(Latents.combined(a, x, -s, output), Latents.combined(s, x, a, output));
        }
    };

    private final String word;

    Prediction(String word) {
        this.word = word;
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

    /** @param output what the network returned for {@code x}, of the same length */
    public abstract Estimate estimate(float[] x, float[] output, Level level);
}
