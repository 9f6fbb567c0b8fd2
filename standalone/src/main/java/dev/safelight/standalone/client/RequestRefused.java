package dev.safelight.standalone.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.wire.Json;
import java.util.StringJoiner;

/** The server answered with an error; the message is one line made of its problem document. */
public final class RequestRefused extends Exception {
    private static final long serialVersionUID = 1L;
    private final int status;

    private RequestRefused(int status, String message) {
        super(message);
        this.status = status;
    }

    public RequestRefused(String message) {
        this(0, message);
    }

    static RequestRefused of(int status, String body) {
        try {
            JsonNode problem = Json.MAPPER.readTree(body);
            if (problem != null && problem.hasNonNull("code")) {
                return new RequestRefused(
                        status, describe(problem) + " (" + status + " " + text(problem, "code") + ")");
            }
        } catch (JsonProcessingException e) {
            // Something else than our server answered, a proxy perhaps.
        }
        return new RequestRefused(status, "the server answered with status " + status);
    }

    /** HTTP status; 0 where there was none. */
    public int status() {
        return status;
    }

    private static String describe(JsonNode problem) {
        StringJoiner lines = new StringJoiner("; ");
        for (JsonNode violation : problem.path("errors")) {
            lines.add(text(violation, "pointer") + ": " + text(violation, "detail"));
        }
        if (lines.length() == 0) {
            lines.add(text(problem, "detail"));
        }
        return lines.toString();
    }

    private static String text(JsonNode node, String field) {
        return node.path(field).asText("").replaceAll("\\R+", " ");
    }
}
