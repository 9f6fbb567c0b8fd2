package dev.safelight.common.wire;

import dev.safelight.common.job.JobKey;
import java.util.UUID;

/**
 * The value of a record on a dispatch topic: which job to claim, and nothing that matters if lost.
 *
 * @param traceparent W3C trace context of the request that submitted the job, or null
 */
public record DispatchRecord(String tenantId, UUID jobId, String traceparent) {
    public JobKey key() {
        return new JobKey(tenantId, jobId);
    }
}
