package dev.safelight.common.sampling.schedule;

/**
 * The variance-preserving SDE (Song et al. 2021, eq. 11): β(t) = β₀ + t(β₁ − β₀), a = exp(−½∫β), s² = 1 − a².
 *
 * @param lowestTime ε, where walks stop
 */
public record VpDiffusion(double betaMin, double betaMax, double lowestTime, NetworkTime networkTime)
        implements SmoothProcess {

    /** As published: β from 0.1 to 20, down to ε = 10⁻³. */
    public static VpDiffusion published() {
        return new VpDiffusion(0.1, 20, 1e-3, NetworkTime.OWN);
    }

    /** β(t). */
    public double beta(double t) {
        return betaMin + t * (betaMax - betaMin);
    }

    /** ∫₀ᵗ β. */
    static double integral(double betaMin, double betaMax, double t) {
        return betaMin * t + 0.5 * (betaMax - betaMin) * t * t;
    }

    /** t of a value of ∫β. */
    static double timeOfIntegral(double betaMin, double betaMax, double integral) {
        // The root of ½(β₁ − β₀)t² + β₀t − ∫β without cancellation.
        return 2 * integral / (betaMin + Math.sqrt(betaMin * betaMin + 2 * (betaMax - betaMin) * integral));
    }

    private double integral(double t) {
        return integral(betaMin, betaMax, t);
    }

    @Override
    public Kind kind() {
        return Kind.VP;
    }

    @Override
    public double signal(double t) {
        return Math.exp(-0.5 * integral(t));
    }

    @Override
    public double noise(double t) {
        return Math.sqrt(-Math.expm1(-integral(t)));
    }

    @Override
    public double signalRate(double t) {
        return -0.5 * beta(t) * signal(t);
    }

    @Override
    public double noiseRate(double t) {
        return beta(t) * Math.exp(-integral(t)) / (2 * noise(t));
    }

    /** a² = 1/(1 + σ̂²). */
    @Override
    public double timeOfSigma(double sigma) {
        return timeOfIntegral(betaMin, betaMax, Math.log1p(sigma * sigma));
    }
}
