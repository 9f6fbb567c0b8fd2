package dev.safelight.api.validate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.request.Preview;
import java.util.Optional;

/**
 * A valid request, resolved.
 *
 * @param metadata a JSON object, or null
 * @param preview or null
 * @param expiresIn seconds for which the outputs are kept, or null for the tenant's default
 * @param hash SHA-256 of the request as it was sent, before a seed was chosen
 */
public record JobRequest(
        Model model,
        GenerationInput input,
        Priority priority,
        JsonNode metadata,
        Preview preview,
        Integer expiresIn,
        byte[] hash,
        Optional<WebhookRequest> webhook,
        TimeLimits times) {

    /** The same with another input. */
    public JobRequest with(GenerationInput other) {
        return new JobRequest(model, other, priority, metadata, preview, expiresIn, hash, webhook, times);
    }
}
