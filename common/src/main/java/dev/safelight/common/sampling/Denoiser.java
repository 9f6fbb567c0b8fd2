package dev.safelight.common.sampling;

/**
 * The network as a sampler sees it: conditioning, guidance, prediction type and scaling are inside. May be asked more
 * than once a step.
 */
@FunctionalInterface
public interface Denoiser {

    /** @param x latent at {@code level} in the scale of the process; not changed */
    Estimate estimate(float[] x, Level level);

    /**
     * Asks a network that draws its answer (a GAN) with the randomness it is to use.
     *
     * @param z the network's own latent
     */
    default Estimate estimate(float[] x, Level level, float[] z) {
        throw new UnsupportedOperationException("this network takes no latent of its own");
    }

    /**
     * What the network of another role returns for a latent, as it is.
     *
     * @param role as in the manifest, for example {@code drift}
     */
    default float[] output(String role, float[] x, Level level) {
        throw new UnsupportedOperationException("there is no network " + role);
    }
}
