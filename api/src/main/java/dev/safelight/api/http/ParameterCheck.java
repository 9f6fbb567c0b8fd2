package dev.safelight.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.safelight.api.validate.Violation;
import io.vertx.core.MultiMap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Holds the parameters of a request against the document. */
final class ParameterCheck {
    private static final Pattern INTEGER = Pattern.compile("-?\\d{1,18}");

    private ParameterCheck() {}

    sealed interface Outcome {}

    record Valid(Map<String, JsonNode> values) implements Outcome {}

    record Refused(Problem problem) implements Outcome {}

    static Outcome check(Operation operation, Map<String, String> path, MultiMap query, MultiMap headers) {
        Map<String, JsonNode> values = new HashMap<>();
        List<Violation> violations = new ArrayList<>(0);
        Set<String> unknown = query.isEmpty() ? Set.of() : new HashSet<>(query.names());
        for (Operation.Parameter parameter : operation.parameters()) {
            List<String> sent = switch (parameter.in()) {
                case PATH -> List.of(path.get(parameter.name()));
                case QUERY -> query.isEmpty() ? List.of() : query.getAll(parameter.name());
                case HEADER -> headers.getAll(parameter.name());
            };
            if (parameter.in() == Operation.In.QUERY && !unknown.isEmpty()) {
                unknown.remove(parameter.name());
            }
            if (sent.isEmpty()) {
                if (parameter.fallback() != null) {
                    values.put(parameter.name(), parameter.fallback());
                } else if (parameter.required()) {
                    violations.add(violation("missing_parameter", parameter, "is required"));
                }
                continue;
            }
            if (sent.size() > 1 && parameter.in() == Operation.In.QUERY) {
                violations.add(violation("given_twice", parameter, "must be given once"));
                continue;
            }
            // Several header fields of one name mean one list (RFC 9110 §5.3).
            JsonNode value = value(parameter, sent.size() == 1 ? sent.getFirst() : String.join(", ", sent));
            List<Violation> found = parameter.schema().violations(value);
            if (!found.isEmpty() && parameter.in() == Operation.In.PATH) {
                // What no id can look like is an id that does not exist.
                return new Refused(Problem.notFound("nothing is at this path: " + parameter.name() + " "
                        + found.getFirst().detail()));
            }
            found.forEach(violation -> violations.add(violation(violation.code(), parameter, violation.detail())));
            values.put(parameter.name(), value);
        }
        for (String name : unknown) {
            violations.add(new Violation(
                    "unknown_parameter", "query", name, "the parameter is not known; " + known(operation)));
        }
        return violations.isEmpty() ? new Valid(values) : new Refused(Problem.invalid(400, violations));
    }

    private static JsonNode value(Operation.Parameter parameter, String text) {
        return parameter.integer() && INTEGER.matcher(text).matches()
                ? LongNode.valueOf(Long.parseLong(text))
                : TextNode.valueOf(text);
    }

    private static Violation violation(String code, Operation.Parameter parameter, String detail) {
        return new Violation(code, parameter.in().name().toLowerCase(Locale.ROOT), parameter.name(), detail);
    }

    private static String known(Operation operation) {
        String names = operation.parameters().stream()
                .filter(parameter -> parameter.in() == Operation.In.QUERY)
                .map(Operation.Parameter::name)
                .collect(Collectors.joining(", "));
        return names.isEmpty() ? "this path takes none" : "the parameters are: " + names;
    }
}
