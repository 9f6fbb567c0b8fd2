package dev.safelight.common.request;

/** Where a walk begins. */
public sealed interface Beginning {

    /** Where the sampler's walks begin by themselves: in noise, as a rule. */
    record InNoise() implements Beginning {}

    /**
     * At the image that the client brought along, brought to the first level of the plan.
     *
     * @param degraded it is there already (cold diffusion)
     */
    record AtImage(boolean degraded) implements Beginning {}

    /**
     * At the clean image, whose own noise is found first.
     *
     * @param rise steps of the plan that lead from data to noise
     * @param source what the image shows
     */
    record Inverted(int rise, Condition source) implements Beginning {}

    /**
     * At what the prior network made up.
     *
     * @param noisy whether it lies at the first level already; else it is clean
     */
    record AtPrior(boolean noisy) implements Beginning {}
}
