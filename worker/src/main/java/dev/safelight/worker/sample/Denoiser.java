package dev.safelight.worker.sample;

/**
 * The network as a sampler sees it: conditioning, guidance, prediction type and scaling are inside. May be asked more
 * than once a step.
 */
@FunctionalInterface
public interface Denoiser {

    /** @param x latent at {@code level} in the scale of the process; not changed */
    Estimate estimate(float[] x, Level level);
}
