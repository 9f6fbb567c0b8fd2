package dev.safelight.common.sampling;

/**
 * The step from level r to the cleaner level s: the quantities that the papers of the DDPM family are written in. They
 * are given for any process x = a·x0 + s·z whose steps add independent noise; with a² + s² = 1 they are those of Ho et
 * al. 2020.
 *
 * @param alpha (a_r / a_s)², which is ᾱ_r / ᾱ_s
 * @param beta s_r² − α s_s², the variance that the forward process adds between s and r; 1 − α for a² + s² = 1
 * @param posterior β̃ = β s_s² / s_r², the variance of x_s given x_r and x_0
 */
public record Transition(Level from, Level to, double alpha, double beta, double posterior) {

    public static Transition between(Level from, Level to) {
        double ratio = from.signal() / to.signal();
        double alpha = ratio * ratio;
        double beta = from.noise() * from.noise() - alpha * to.noise() * to.noise();
        double relative = to.noise() / from.noise();
        return new Transition(from, to, alpha, beta, beta * relative * relative);
    }

    /** c₁ = a_s β / s_r², the weight of x0 in the mean of x_s given x_r and x_0 (Ho et al. 2020, eq. 7). */
    public double cleanWeight() {
        return to.signal() * beta / (from.noise() * from.noise());
    }

    /** c₂ = √α s_s² / s_r², the weight of x_r in that mean. */
    public double latentWeight() {
        double relative = to.noise() / from.noise();
        return from.signal() / to.signal() * relative * relative;
    }
}
