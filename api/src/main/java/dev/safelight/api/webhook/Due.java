package dev.safelight.api.webhook;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * A message that is to be sent now.
 *
 * @param deliveryId also the webhook-id, the same at each attempt
 * @param jobId null for a test
 * @param endpointId null for the job's own webhook
 * @param event started, progress, output, completed or test
 * @param occurredAt when that became true
 * @param target whom a slow receiver may delay
 * @param attempt number of this attempt
 * @param failures earlier attempts that failed
 * @param url null where the endpoint is disabled or gone
 * @param secrets sealed, the newest first; empty where the tenant has none yet
 * @param traceparent W3C trace context of the request that submitted the job, or null
 */
record Due(
        String tenantId,
        UUID deliveryId,
        UUID jobId,
        UUID endpointId,
        String event,
        Instant occurredAt,
        String target,
        int attempt,
        int failures,
        String url,
        List<String> secrets,
        String traceparent) {
    boolean test() {
        return jobId == null;
    }
}
