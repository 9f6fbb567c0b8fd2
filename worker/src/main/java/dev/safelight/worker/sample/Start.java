package dev.safelight.worker.sample;

/** Where a walk begins. */
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
}
