package dev.safelight.common.sampling.denoiser;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Estimate;
import dev.safelight.common.sampling.Level;

/**
 * Keeps a part of an image as it is: wherever the network is asked, that part is the known image with the noise of the
 * level, x = m·(a·known + s·z) + (1 − m)·x (Lugmayr et al. 2022, eq. 8). Samplers work number by number, so a part that is
 * replaced in front of the network need not be replaced in their states too.
 *
 * @param mask m, 1 where the image is known and 0 where it is to be drawn
 * @param known clean, where it is known
 * @param noise z, unit and the same at every level
 */
public record Inpainting(Denoiser inner, float[] mask, float[] known, float[] noise) implements Denoiser {

    @Override
    public Estimate estimate(float[] x, Level level) {
        float[] kept = new float[x.length];
        for (int i = 0; i < kept.length; i++) {
            double q = level.signal() * known[i] + level.noise() * noise[i];
            kept[i] = (float) (mask[i] * q + (1 - mask[i]) * x[i]);
        }
        Estimate estimate = inner.estimate(kept, level);
        return new Estimate(finished(estimate.clean()), estimate.noise(), estimate.rest());
    }

    /** A clean latent whose known part is what is known. */
    public float[] finished(float[] clean) {
        float[] whole = new float[clean.length];
        for (int i = 0; i < whole.length; i++) {
            whole[i] = mask[i] * known[i] + (1 - mask[i]) * clean[i];
        }
        return whole;
    }
}
