package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Manifest;

/**
 * A client's images at a model's size: all that a walk needs of them.
 *
 * @param picture numbers [channels, height, width] in the range of the model's pictures; null without an image
 * @param drawn how far each place of a latent is to be drawn, from 0 to 1, [height, width]; null without a mask
 * @param pixelsDrawn the same of each pixel of a picture
 */
public record Fitted(float[] picture, float[] drawn, float[] pixelsDrawn) {

    /**
     * Where images come from once a walk needs them. What a client sent may be many times as large as what a model makes, so
     * nobody keeps it while a job is sampled.
     */
    @FunctionalInterface
    public interface Source {
        /**
         * @param manifest of the model, for the size that the job asks for
         * @throws dev.safelight.worker.batch.EvaluationStopped when the job was stopped meanwhile
         * @throws RuntimeException when they cannot be read
         */
        Fitted fitted(Manifest manifest) throws InterruptedException;
    }
}
