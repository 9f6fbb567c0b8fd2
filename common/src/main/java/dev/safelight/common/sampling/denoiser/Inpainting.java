package dev.safelight.common.sampling.denoiser;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Estimate;
import dev.safelight.common.sampling.Level;
import java.util.function.Function;

/**
 * Keeps a part of an image as it is: wherever the network is asked, that part is the known image as the forward process
 * has it at the level, x = m·q(known) + (1 − m)·x (Lugmayr et al. 2022, eq. 8). Samplers work number by number, so a part
 * that is replaced in front of the network need not be replaced in their states too; there the estimated noise is the one
 * that the known image was given, so that they stay near it.
 *
 * @param mask m, 1 where the image is known and 0 where it is to be drawn
 * @param known clean, where it is known
 * @param forward q: the known image at a level, the same each time that a level is asked for
 */
public record Inpainting(Denoiser inner, float[] mask, float[] known, Function<Level, float[]> forward)
        implements Denoiser {

    @Override
    public Estimate estimate(float[] x, Level level) {
        float[] q = forward.apply(level);
        return finished(inner.estimate(kept(x, q), level), q, level);
    }

    @Override
    public Estimate estimate(float[] x, Level level, float[] z) {
        float[] q = forward.apply(level);
        return finished(inner.estimate(kept(x, q), level, z), q, level);
    }

    @Override
    public float[] output(String role, float[] x, Level level) {
        return inner.output(role, kept(x, forward.apply(level)), level);
    }

    private float[] kept(float[] x, float[] q) {
        return blended(q, x);
    }

    private Estimate finished(Estimate estimate, float[] q, Level level) {
        float[] noise = new float[q.length];
        for (int i = 0; i < q.length; i++) {
            noise[i] = (float) ((q[i] - level.signal() * known[i]) / level.noise());
        }
        return new Estimate(finished(estimate.clean()), blended(noise, estimate.noise()), estimate.rest());
    }

    /** A clean latent whose known part is what is known. */
    public float[] finished(float[] clean) {
        return blended(known, clean);
    }

    private float[] blended(float[] inside, float[] outside) {
        float[] whole = new float[outside.length];
        for (int i = 0; i < whole.length; i++) {
            whole[i] = mask[i] * inside[i] + (1 - mask[i]) * outside[i];
        }
        return whole;
    }
}
