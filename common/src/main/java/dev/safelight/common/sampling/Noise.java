package dev.safelight.common.sampling;

/**
 * The randomness of one walk. A draw depends on nothing but its coordinates, so neither batch-mates nor a restart in the
 * middle can change it.
 */
public interface Noise {
    /** The stream of the walk's first latent. */
    int START = 0;
    /** The stream of the noise that a step adds. */
    int STEP = 1;

    /** {@code size} independent draws of zero mean and unit variance. */
    float[] unit(int stream, int step, int size);
}
