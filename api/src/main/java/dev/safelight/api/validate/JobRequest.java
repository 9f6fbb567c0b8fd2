package dev.safelight.api.validate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;

/**
 * A valid request, resolved.
 *
 * @param metadata a JSON object, or null
 * @param hash SHA-256 of the request as it was sent, before a seed was chosen
 */
public record JobRequest(Model model, GenerationInput input, Priority priority, JsonNode metadata, byte[] hash) {}
