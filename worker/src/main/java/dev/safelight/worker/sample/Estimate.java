package dev.safelight.worker.sample;

/**
 * What a denoiser makes of a noisy latent x = a·x0 + s·z.
 *
 * @param clean D, the estimate of x0
 * @param noise E, the estimate of z
 */
public record Estimate(float[] clean, float[] noise) {}
