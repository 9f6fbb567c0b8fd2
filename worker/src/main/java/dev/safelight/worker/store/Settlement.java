package dev.safelight.worker.store;

import dev.safelight.common.job.JobError;
import java.time.Duration;
import java.util.List;

/** What the holder of a lease makes of its job. */
public sealed interface Settlement {
    /**
     * The images become visible.
     *
     * @param reviews of those that the safety check did not simply let pass; what it withheld is among no outputs
     */
    record Succeed(List<StoredOutput> outputs, List<Review> reviews) implements Settlement {
        public Succeed(List<StoredOutput> outputs) {
            this(outputs, List.of());
        }
    }

    record Fail(JobError error) implements Settlement {}

    record Cancel() implements Settlement {}

    /**
     * Back to the queue.
     *
     * @param strike whether it counts towards {@code max_attempts}; the delay then doubles with each strike
     */
    record GiveBack(JobError reason, boolean strike, Duration delay) implements Settlement {}
}
