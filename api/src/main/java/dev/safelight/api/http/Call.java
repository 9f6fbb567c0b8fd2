package dev.safelight.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.safelight.api.auth.Principal;
import dev.safelight.api.validate.JsonBody;
import io.vertx.core.MultiMap;
import java.util.Map;

/** One call of an operation, on a virtual thread: holds the request against the document and runs its handler. */
final class Call {
    private Call() {}

    /**
     * @param principal null where the operation is open to everybody
     * @param body null where the operation takes none
     */
    static Reply run(Routes.Found found, Principal principal, MultiMap query, MultiMap headers, byte[] body) {
        return run(found, principal, query, headers, body, null, null);
    }

    /**
     * @param upload null where the operation takes none
     * @param traceparent what the request sets going is traced as a child of this; or null
     */
    static Reply run(
            Routes.Found found,
            Principal principal,
            MultiMap query,
            MultiMap headers,
            byte[] body,
            Upload upload,
            String traceparent) {
        Operation operation = found.operation();
        try {
            return switch (ParameterCheck.check(operation, found.path(), query, headers)) {
                case ParameterCheck.Refused(Problem problem) -> problem.reply();
                case ParameterCheck.Valid(Map<String, JsonNode> values) -> {
                    if (traceparent != null) {
                        values.put("traceparent", TextNode.valueOf(traceparent));
                    }
                    if (body == null) {
                        yield found.handler().handle(new Request(principal, values, null, upload));
                    }
                    yield switch (JsonBody.read(body, operation.body().orElseThrow())) {
                        case JsonBody.Malformed(String detail) -> new Problem(400, "malformed_json", detail).reply();
                        case JsonBody.Invalid(var violations) ->
                            Problem.invalid(422, violations).reply();
                        case JsonBody.Read(JsonNode document) ->
                            found.handler().handle(new Request(principal, values, document));
                    };
                }
            };
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Problem.unavailable("the server is stopping").reply();
        } catch (Exception | StackOverflowError e) {
            return Failures.problem(e, operation.id()).reply();
        }
    }
}
