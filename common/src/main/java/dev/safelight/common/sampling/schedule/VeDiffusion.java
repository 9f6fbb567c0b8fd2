package dev.safelight.common.sampling.schedule;

/**
 * The variance-exploding SDE (Song et al. 2021, eq. 9): a = 1, s = σ_min (σ_max/σ_min)^t, a geometric sequence of noise.
 *
 * @param lowestTime ε, where walks stop
 */
public record VeDiffusion(double sigmaMin, double sigmaMax, double lowestTime, NetworkTime networkTime)
        implements SmoothProcess {

    private double logRatio() {
        return Math.log(sigmaMax / sigmaMin);
    }

    @Override
    public Kind kind() {
        return Kind.VE;
    }

    @Override
    public double signal(double t) {
        return 1;
    }

    @Override
    public double noise(double t) {
        return sigmaMin * Math.exp(logRatio() * t);
    }

    @Override
    public double signalRate(double t) {
        return 0;
    }

    @Override
    public double noiseRate(double t) {
        return noise(t) * logRatio();
    }

    @Override
    public double timeOfSigma(double sigma) {
        return Math.log(sigma / sigmaMin) / logRatio();
    }
}
