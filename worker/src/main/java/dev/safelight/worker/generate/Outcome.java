package dev.safelight.worker.generate;

import dev.safelight.common.job.JobError;
import dev.safelight.worker.decode.Picture;
import java.util.List;

/** How the sampling of a job ended. */
public sealed interface Outcome {

    /** One picture for each image asked for, in order of their seeds. */
    record Pictures(List<Picture> pictures) implements Outcome {}

    /** The ticket was canceled. */
    record Canceled() implements Outcome {}

    /** The ticket's lease was lost. */
    record LeaseLost() implements Outcome {}

    /**
     * The job cannot be run, here or elsewhere.
     *
     * @param error code {@code invalid_input}, {@code out_of_memory}, {@code network_failed} or {@code diverged}
     */
    record Failed(JobError error) implements Outcome {}
}
