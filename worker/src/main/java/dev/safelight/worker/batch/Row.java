package dev.safelight.worker.batch;

/**
 * One line of a network call.
 *
 * @param latent the noisy sample, row-major, in the shape of its group; not changed while the call runs
 * @param time what the network is told of the noise level
 */
public record Row(float[] latent, float time, Conditioning conditioning) {}
