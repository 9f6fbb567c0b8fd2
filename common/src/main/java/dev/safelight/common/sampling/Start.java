package dev.safelight.common.sampling;

/** Where a walk begins. */
@FunctionalInterface
public interface Start {

    /**
     * The latent at the first level of a plan, in the scale of the process (x = a·x0 + s·z).
     *
     * @param priorScale standard deviation that the sampler gives to pure noise at that level
     */
    float[] latent(Level first, double priorScale);

    /** Pure noise. */
    static Start noise(Noise noise, int size) {
        return (first, priorScale) -> Latents.scaled(priorScale, noise.unit(Noise.START, 0, size));
    }

    /**
     * A clean latent with the noise of the first level: the image of an image-to-image walk, or what a prior network made
     * up (ES-DDPM, Lyu et al. 2022).
     */
    static Start image(float[] clean, Noise noise) {
        return (first, _) ->
                Latents.combined(first.signal(), clean, first.noise(), noise.unit(Noise.START, 0, clean.length));
    }

    /** A latent that already lies at the first level, as the generator of a truncated process makes it (TDPM). */
    static Start at(float[] x) {
        return (_, _) -> x;
    }
}
