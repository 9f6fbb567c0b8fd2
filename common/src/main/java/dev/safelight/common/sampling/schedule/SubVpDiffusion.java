package dev.safelight.common.sampling.schedule;

/**
 * The sub-VP SDE (Song et al. 2021, eq. 12 and 29): a = exp(−½∫β) as in the VP SDE, but s = 1 − a².
 *
 * @param lowestTime ε, where walks stop
 */
public record SubVpDiffusion(double betaMin, double betaMax, double lowestTime, NetworkTime networkTime)
        implements SmoothProcess {

    private double beta(double t) {
        return betaMin + t * (betaMax - betaMin);
    }

    private double integral(double t) {
        return VpDiffusion.integral(betaMin, betaMax, t);
    }

    @Override
    public Kind kind() {
        return Kind.SUB_VP;
    }

    @Override
    public double signal(double t) {
        return Math.exp(-0.5 * integral(t));
    }

    @Override
    public double noise(double t) {
        return -Math.expm1(-integral(t));
    }

    @Override
    public double signalRate(double t) {
        return -0.5 * beta(t) * signal(t);
    }

    @Override
    public double noiseRate(double t) {
        return beta(t) * Math.exp(-integral(t));
    }

    /** (1 − a²)/a = σ̂, so a = (√(σ̂² + 4) − σ̂)/2. */
    @Override
    public double timeOfSigma(double sigma) {
        double signal = 2 / (Math.sqrt(sigma * sigma + 4) + sigma);
        return VpDiffusion.timeOfIntegral(betaMin, betaMax, -2 * Math.log(signal));
    }
}
