package dev.safelight.worker.generate;

import dev.safelight.worker.checkpoint.Checkpoint;
import java.util.Optional;
import java.util.OptionalInt;

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

    /** The step that the walks went on from; empty when they began with noise. */
    OptionalInt resumedFrom();

    /** Where the walks are, for another worker to go on from. Computed when asked. */
    Checkpoint checkpoint();

    /** Hears of each step once. */
    @FunctionalInterface
    interface Listener {
        Listener NONE = _ -> {};

        /** Called once, before the first step, on the job's own thread. */
        default void begun(Progress progress) {}

        /** Called on a walk's thread, which holds up its batch: note it and return. */
        void stepped(Progress progress);
    }
}
