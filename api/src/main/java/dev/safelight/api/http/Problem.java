package dev.safelight.api.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import dev.safelight.api.validate.Violation;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.List;

/**
 * What is wrong, as RFC 9457 has it; the type is {@code about:blank} and left out.
 *
 * @param code stable word for programs
 * @param detail one sentence for people
 * @param errors each violation of a request, or empty
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonPropertyOrder({"title", "status", "code", "detail", "errors"})
public record Problem(int status, String code, String detail, List<Violation> errors) {
    public Problem(int status, String code, String detail) {
        this(status, code, detail, List.of());
    }

    /** A request that is well-formed and breaks a rule. */
    public static Problem invalid(int status, List<Violation> violations) {
        Violation first = violations.getFirst();
        String detail = first.pointer() + ": " + first.detail();
        return new Problem(
                status,
                "invalid_request",
                violations.size() == 1 ? detail : detail + " (and " + (violations.size() - 1) + " more)",
                violations);
    }

    public static Problem notFound(String what) {
        return new Problem(404, "not_found", what);
    }

    public static Problem unavailable(String detail) {
        return new Problem(503, "unavailable", detail);
    }

    public String getTitle() {
        return HttpResponseStatus.valueOf(status).reasonPhrase();
    }

    public Reply reply() {
        Reply reply = Reply.bytes(status, "application/problem+json", Reply.jsonBytes(this));
        return status == 503 ? reply.with("Retry-After", "5") : reply;
    }
}
