package dev.safelight.common.request;

import dev.safelight.common.bundle.Manifest;

/**
 * How a job asks the prior network.
 *
 * @param seed of the codes of all its images; null where each image's code has the seed of the image
 */
public record PriorUse(Manifest.Prior prior, Long seed) {
    /** Whether the walk goes along the prior's picture from beginning to end. */
    public boolean alongside() {
        return prior.kind().equals("condition") || residual();
    }

    /** Whether the process ends around the prior's picture, so that the walk is that of the difference. */
    public boolean residual() {
        return prior.kind().equals("residual");
    }
}
