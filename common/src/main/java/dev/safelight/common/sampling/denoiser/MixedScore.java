package dev.safelight.common.sampling.denoiser;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Estimate;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;

/**
 * The mixed score of a latent score model: what would be right for unit normal data, and what the network adds to it,
 * E = (1 − σ(γ))·s/(a² + s²)·x + σ(γ)·E_θ (Vahdat et al. 2021, LSGM, §3.2).
 *
 * @param gamma γ of each channel of the latent, in whose order the latent is laid out
 */
public record MixedScore(Denoiser inner, double[] gamma) implements Denoiser {

    @Override
    public Estimate estimate(float[] x, Level level) {
        return mixed(inner.estimate(x, level), x, level);
    }

    @Override
    public Estimate estimate(float[] x, Level level, float[] z) {
        return mixed(inner.estimate(x, level, z), x, level);
    }

    @Override
    public float[] output(String role, float[] x, Level level) {
        return inner.output(role, x, level);
    }

    private Estimate mixed(Estimate estimate, float[] x, Level level) {
        double a = level.signal();
        double s = level.noise();
        double normal = s / (a * a + s * s);
        float[] noise = new float[x.length];
        for (int i = 0; i < noise.length; i++) {
            double weight = 1 / (1 + Math.exp(-gamma[(int) ((long) i * gamma.length / noise.length)]));
            noise[i] = (float) ((1 - weight) * normal * x[i] + weight * estimate.noise()[i]);
        }
        return new Estimate(Latents.combined(1 / a, x, -s / a, noise), noise, estimate.rest());
    }
}
