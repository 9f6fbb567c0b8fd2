package dev.safelight.standalone.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/** Looks after an installation by the operations of its API, whichever way they are reached. */
public interface Administrator extends AutoCloseable {
    /**
     * Calls an operation.
     *
     * @param query parameters; those whose value is null are left out
     * @param body null for none
     * @return the reply's document
     */
    JsonNode call(String method, String path, Map<String, String> query, JsonNode body)
            throws Unreachable, RequestRefused;

    @Override
    void close();
}
