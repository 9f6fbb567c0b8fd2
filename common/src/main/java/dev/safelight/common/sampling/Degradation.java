package dev.safelight.common.sampling;

/** A way to spoil an image without noise, in growing degrees (Bansal et al. 2022, Cold diffusion). */
public interface Degradation {

    /** T: from here on nothing of the image is left, or as little as there will be. */
    int steps();

    /**
     * D(x, t): the image after t operators; t = 0 is the image itself.
     *
     * @param frozen numbers in (0, 1) that stay the same over a walk, for example the place of a mask
     */
    float[] apply(float[] x, int t, float[] frozen);

    /** How many frozen numbers it wants. */
    default int frozenSize() {
        return 0;
    }
}
