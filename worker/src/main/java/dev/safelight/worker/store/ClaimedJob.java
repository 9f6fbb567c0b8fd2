package dev.safelight.worker.store;

import dev.safelight.common.job.Fence;
import dev.safelight.common.request.Preview;
import java.time.Duration;
import java.time.Instant;

/**
 * All that is needed to run an attempt of a job.
 *
 * @param bundle version of the bundle that the request was validated against
 * @param priority rank of its {@link dev.safelight.common.job.Priority}
 * @param input JSON of a {@link dev.safelight.common.request.GenerationInput}; read by the attempt, so that one odd row cannot
 *     fail the claim of its neighbours
 * @param preview what its client wants to see meanwhile, or null
 * @param traceparent W3C trace context of the request, or of what brought the job here; or null
 * @param crashes how often a worker died with the job
 * @param express whether it came by the express lane
 * @param dispatched from its release to the claim; null where nobody knows
 * @param weight of its tenant, beside others
 * @param timeout or null
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
        boolean express,
        Duration dispatched,
        double weight,
        Timeout timeout) {
    /**
     * The longest run of a job.
     *
     * @param seconds as it was asked for, from the first start on
     * @param secondsLeft of them, when the job was claimed; may be negative
     */
    public record Timeout(int seconds, double secondsLeft) {}

    /** A job that two workers died with has a process for itself: the next crash is then certainly its own. */
    private static final int CRASHES_BESIDE_OTHERS = 2;

    /** @param traceparent of the record that brought it; null leaves it as it is */
    public ClaimedJob tracedAfter(String traceparent) {
        return traceparent == null
                ? this
                : new ClaimedJob(
                        fence,
                        model,
                        bundle,
                        priority,
                        input,
                        preview,
                        traceparent,
                        createdAt,
                        crashes,
                        express,
                        dispatched,
                        weight,
                        timeout);
    }

    public boolean mustRunAlone() {
        return crashes >= CRASHES_BESIDE_OTHERS;
    }
}
