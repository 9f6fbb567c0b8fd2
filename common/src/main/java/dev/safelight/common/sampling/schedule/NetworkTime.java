package dev.safelight.common.sampling.schedule;

/**
 * What a network is told of a level.
 *
 * @param of which quantity
 * @param scale what it is multiplied by
 */
public record NetworkTime(Quantity of, double scale) {

    /** By the word in manifests. */
    public enum Quantity {
        /** The process's own time: t, or a 0-based index. */
        TIME("t"),
        /** σ̂ = s/a. */
        SIGMA("sigma"),
        /** ln σ̂ (Karras et al. 2022: with scale ¼). */
        LOG_SIGMA("log-sigma");

        private final String word;

        Quantity(String word) {
            this.word = word;
        }

        /** @throws IllegalArgumentException for a word that names none */
        public static Quantity of(String word) {
            for (Quantity quantity : values()) {
                if (quantity.word.equals(word)) {
                    return quantity;
                }
            }
            throw new IllegalArgumentException("a network's time is t, sigma or log-sigma, not " + word);
        }
    }

    /** The process's own time as it is. */
    public static final NetworkTime OWN = new NetworkTime(Quantity.TIME, 1);

    double told(double time, double sigma) {
        return scale
                * switch (of) {
                    case TIME -> time;
                    case SIGMA -> sigma;
                    case LOG_SIGMA -> Math.log(sigma);
                };
    }
}
