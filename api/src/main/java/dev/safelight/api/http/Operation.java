package dev.safelight.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.validate.Schema;
import java.util.List;
import java.util.Optional;

/**
 * One operation of the OpenAPI document.
 *
 * @param path as the document writes it: {@code /v1/jobs/{job_id}}
 * @param body schema of the JSON body, where the operation takes one
 */
public record Operation(String id, String method, String path, List<Parameter> parameters, Optional<Schema> body) {

    /**
     * @param integer whether its schema's type is integer: parameters arrive as text
     * @param fallback value of an omitted parameter, or null
     */
    public record Parameter(String name, In in, boolean required, boolean integer, Schema schema, JsonNode fallback) {}

    public enum In {
        PATH,
        QUERY,
        HEADER
    }
}
