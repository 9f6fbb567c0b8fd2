package dev.safelight.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.auth.Principal;
import dev.safelight.common.job.JobKey;
import io.vertx.core.MultiMap;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Operations without a server between, for commands that work on the database itself: the same document, checks and
 * handlers, and whoever can read the database may do everything.
 */
public final class LocalCalls {
    private static final Principal OPERATOR = Principal.almighty(JobKey.DEFAULT_TENANT);

    private final Routes routes;

    /** @param handlers by operation id; operations without one are not there */
    public LocalCalls(Map<String, Handler> handlers) {
        List<Operation> operations = ApiDocument.load().operations().stream()
                .filter(operation -> handlers.containsKey(operation.id()))
                .toList();
        this.routes = new Routes(operations, handlers);
    }

    /**
     * Calls an operation.
     *
     * @param body null for none
     * @throws IllegalArgumentException when there is no such operation
     */
    public Reply call(String method, String path, Map<String, String> query, JsonNode body) {
        if (!(routes.match(method, path) instanceof Routes.Found found)) {
            throw new IllegalArgumentException("no operation is " + method + " " + path);
        }
        MultiMap parameters = MultiMap.caseInsensitiveMultiMap().addAll(query);
        byte[] bytes = body == null ? null : body.toString().getBytes(StandardCharsets.UTF_8);
        return Call.run(found, OPERATOR, parameters, MultiMap.caseInsensitiveMultiMap(), bytes);
    }
}
