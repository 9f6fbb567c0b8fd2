package dev.safelight.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.auth.Scope;
import dev.safelight.api.validate.Schema;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One operation of the OpenAPI document.
 *
 * @param path as the document writes it: {@code /v1/jobs/{job_id}}
 * @param body schema of the JSON body, where the operation takes one
 * @param scopes what a key must allow; empty where anybody may call without a key
 */
public record Operation(
        String id,
        String method,
        String path,
        List<Parameter> parameters,
        Optional<Schema> body,
        Optional<Set<Scope>> scopes) {

    /** The same for everybody, with or without a key. */
    public Operation opened() {
        return new Operation(id, method, path, parameters, body, Optional.empty());
    }

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
