package dev.safelight.api.submit;

import dev.safelight.api.validate.TimeLimits;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import java.util.UUID;

/**
 * The row of a new job.
 *
 * @param retryOf the job that this one repeats, or null
 * @param bundle content hash of the bundle that the input was checked against
 * @param input resolved input, JSON
 * @param metadata JSON, or null
 * @param previewEvery steps from preview to preview, or null
 * @param idempotencyKey with its {@code requestHash}, or both null
 * @param traceparent W3C trace context of the request, or null
 * @param steps sampler steps
 * @param expiresIn seconds for which its outputs are kept, or null for the tenant's default
 * @param times by when it must have started and how long it may run
 * @param webhook JSON with a sealed secret, or null
 */
record Submission(
        JobKey key,
        UUID retryOf,
        String queue,
        String model,
        String bundle,
        Priority priority,
        String input,
        String metadata,
        Integer previewEvery,
        String idempotencyKey,
        byte[] requestHash,
        String traceparent,
        int steps,
        Integer expiresIn,
        TimeLimits times,
        String webhook) {}
