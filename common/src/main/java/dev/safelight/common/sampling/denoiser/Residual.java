package dev.safelight.common.sampling.denoiser;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Estimate;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;

/**
 * A network that was trained on x = a·x0 + x̂ + s·z, where x̂ is another model's image (Pandey et al. 2022, DiffuseVAE,
 * formulation 2). The walk is that of x − x̂, an ordinary process: x̂ is only put back in front of the network.
 *
 * @param inner whose network estimates noise
 * @param image x̂
 */
public record Residual(Denoiser inner, float[] image) implements Denoiser {

    @Override
    public Estimate estimate(float[] x, Level level) {
        return difference(inner.estimate(Latents.sum(x, image), level), x, level);
    }

    @Override
    public Estimate estimate(float[] x, Level level, float[] z) {
        return difference(inner.estimate(Latents.sum(x, image), level, z), x, level);
    }

    @Override
    public float[] output(String role, float[] x, Level level) {
        return inner.output(role, Latents.sum(x, image), level);
    }

    private static Estimate difference(Estimate estimate, float[] x, Level level) {
        // D = (x − x̂ − sE)/a
        double a = level.signal();
        float[] clean = Latents.combined(1 / a, x, -level.noise() / a, estimate.noise());
        return new Estimate(clean, estimate.noise(), estimate.rest());
    }
}
