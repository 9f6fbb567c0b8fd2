package dev.safelight.worker.store;

import dev.safelight.common.job.Fence;
import dev.safelight.common.request.Preview;
import java.time.Instant;

/**
 * All that is needed to run an attempt of a job.
 *
 * @param bundle version of the bundle that the request was validated against
 * @param priority rank of its {@link dev.safelight.common.job.Priority}
 * @param input JSON of a {@link dev.safelight.common.request.GenerationInput}; read by the attempt, so that one odd row cannot
 *     fail the claim of its neighbours
 * @param preview what its client wants to see meanwhile, or null
 * @param traceparent W3C trace context of the request, or null
 * @param crashes how often a worker died with the job
 * @param express whether it came by the express lane
 */
public record ClaimedJob(
        Fence fence,
        String model,
        String bundle,
        int priority,
        String input,
        Preview preview,
        String traceparent,
        Instant createdAt,
        int crashes,
        boolean express) {
    /** A job that two workers died with has a process for itself: the next crash is then certainly its own. */
    private static final int CRASHES_BESIDE_OTHERS = 2;

    public boolean mustRunAlone() {
        return crashes >= CRASHES_BESIDE_OTHERS;
    }
}
