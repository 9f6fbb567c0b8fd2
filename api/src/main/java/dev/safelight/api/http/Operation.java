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
 * @param uploads media types of the body, where it is not JSON; else empty
 * @param bodyLimit bytes of a body that this operation takes even where others take fewer; 0 for no more than they
 * @param scopes what a key must allow; empty where anybody may call without a key
 * @param linked whether a signed URL lets in as well
 */
public record Operation(
        String id,
        String method,
        String path,
        List<Parameter> parameters,
        Optional<Schema> body,
        Set<String> uploads,
        Optional<Set<Scope>> scopes,
        boolean linked,
        int bodyLimit) {

    /** The same for everybody, with or without a key. */
    public Operation opened() {
        return new Operation(id, method, path, parameters, body, uploads, Optional.empty(), linked, bodyLimit);
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
