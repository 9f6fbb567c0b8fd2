package dev.safelight.common.sampling;

/**
 * What a denoiser makes of a noisy latent x = a·x0 + s·z.
 *
 * @param clean D, the estimate of x0
 * @param noise E, the estimate of z
 * @param rest what the network returned beyond a prediction, for example a learned variance; empty when there is nothing
 */
public record Estimate(float[] clean, float[] noise, float[] rest) {
    private static final float[] NOTHING = {};

    public Estimate(float[] clean, float[] noise) {
        this(clean, noise, NOTHING);
    }
}
