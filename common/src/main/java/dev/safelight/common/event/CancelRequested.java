package dev.safelight.common.event;

import dev.safelight.common.job.JobKey;
import java.util.UUID;

/** What an API process tells every worker over Kafka when a client cancels a running job; the row says it too. */
public record CancelRequested(String tenantId, UUID jobId) {
    public JobKey key() {
        return new JobKey(tenantId, jobId);
    }
}
