package dev.safelight.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.auth.Principal;
import dev.safelight.common.job.JobKey;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * A request that the OpenAPI document allows.
 *
 * @param principal on whose behalf; null for an operation that is open to everybody
 * @param parameters the declared parameters that were sent or have a default, of path, query and headers alike
 * @param body null where the operation takes no JSON
 * @param upload null where it takes nothing else
 */
public record Request(Principal principal, Map<String, JsonNode> parameters, JsonNode body, Upload upload) {
    public Request(Principal principal, Map<String, JsonNode> parameters, JsonNode body) {
        this(principal, parameters, body, null);
    }

    /** Whose jobs this is about; another tenant's do not exist. */
    public String tenantId() {
        return principal.tenantId();
    }

    public Optional<String> text(String parameter) {
        return Optional.ofNullable(parameters.get(parameter)).map(JsonNode::textValue);
    }

    public Optional<Long> number(String parameter) {
        return Optional.ofNullable(parameters.get(parameter)).map(JsonNode::longValue);
    }

    /** An integer of the path, or one that has a default. */
    public int integer(String parameter) {
        return parameters.get(parameter).intValue();
    }

    /** The job that the path names. */
    public JobKey jobKey() {
        return new JobKey(tenantId(), UUID.fromString(parameters.get("job_id").textValue()));
    }
}
