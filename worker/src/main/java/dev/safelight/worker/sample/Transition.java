package dev.safelight.worker.sample;

/**
 * The step from level r to the cleaner level s of a variance-preserving process: the quantities that the papers of the
 * DDPM family are written in.
 *
 * @param alpha ᾱ_r / ᾱ_s
 * @param beta 1 − α, the variance that the forward process adds between s and r
 * @param posterior β̃ = β (1 − ᾱ_s) / (1 − ᾱ_r), the variance of x_s given x_r and x_0
 */
record Transition(Level from, Level to, double alpha, double beta, double posterior) {

    static Transition between(Level from, Level to) {
        double ratio = from.signal() / to.signal();
        double alpha = ratio * ratio;
        double beta = 1 - alpha;
        double relative = to.noise() / from.noise();
        return new Transition(from, to, alpha, beta, beta * relative * relative);
    }
}
