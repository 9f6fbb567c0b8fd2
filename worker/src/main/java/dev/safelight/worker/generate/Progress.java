package dev.safelight.worker.generate;

import java.util.Optional;

/** How far a job has come. Safe to keep and to read from any thread, also when the job has ended. */
public interface Progress {

    /** Steps that every image has done. */
    int step();

    /** Steps that an image takes. */
    int steps();

    /**
     * The latest estimate of an image's clean latent, for a preview; empty before its first step. Computed when asked.
     *
     * @param image 0-based
     */
    Optional<float[]> denoised(int image);

    /** Hears of each step once. */
    @FunctionalInterface
    interface Listener {
        Listener NONE = _ -> {};

        /** Called on a walk's thread, which holds up its batch: note it and return. */
        void stepped(Progress progress);
    }
}
