package dev.safelight.common.sampling;

/**
 * The randomness of one walk. A draw depends on nothing but its coordinates, so neither batch-mates nor a restart in the
 * middle can change it.
 */
public interface Noise {
    /** The streams that uniform draws are made of, where a source has none of its own. */
    int UNIFORM = 1 << 12;

    /** The stream of the walk's first latent. */
    int START = 0;
    /** The stream of the noise that a step adds. */
    int STEP = 1;

    /** The stream of the noise of a corrector. */
    int CORRECTOR = 2;
    /** The stream of the randomness of a network that draws its answer. */
    int GENERATOR = 3;
    /** The stream of what stays the same over a walk. */
    int FROZEN = 4;
    /** The stream of what a prior network makes its picture of. */
    int PRIOR = 5;
    /** The stream of the latent that is drawn for a picture, where an encoder gives a law. */
    int ENCODER = 6;
    /** The stream of the latent that is drawn for what is left of a picture when a part of it is to be drawn anew. */
    int MASKED = 7;

    /** {@code size} independent draws of zero mean and unit variance. */
    float[] unit(int stream, int step, int size);

    /** {@code size} independent uniform draws, greater than 0 and at most 1; none of the normal draws tells of them. */
    default float[] uniform(int stream, int step, int size) {
        // The squared length of two normal draws is exponential.
        float[] first = unit(UNIFORM + 2 * stream, step, size);
        float[] second = unit(UNIFORM + 2 * stream + 1, step, size);
        float[] draws = new float[size];
        for (int i = 0; i < size; i++) {
            draws[i] = (float) StrictMath.exp(-0.5 * ((double) first[i] * first[i] + (double) second[i] * second[i]));
        }
        return draws;
    }
}
