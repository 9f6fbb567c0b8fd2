package dev.safelight.api.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Finds the operation that a method and a path mean. */
public final class Routes {
    private final List<Route> routes = new ArrayList<>();

    private record Route(Operation operation, Handler handler, String[] segments) {}

    public sealed interface Match {}

    /** @param path values of the path's parameters, decoded */
    public record Found(Operation operation, Handler handler, Map<String, String> path) implements Match {}

    /** The path exists for other methods only. */
    public record WrongMethod(Set<String> allowed) implements Match {}

    public record Unknown() implements Match {}

    /**
     * @param handlers by operation id
     * @throws IllegalStateException when an operation has no handler, or a handler no operation
     */
    public Routes(List<Operation> operations, Map<String, Handler> handlers) {
        Set<String> unused = new HashSet<>(handlers.keySet());
        for (Operation operation : operations) {
            if (!unused.remove(operation.id())) {
                throw new IllegalStateException("nothing handles " + operation.id());
            }
            routes.add(new Route(
                    operation, handlers.get(operation.id()), operation.path().split("/", -1)));
        }
        if (!unused.isEmpty()) {
            throw new IllegalStateException("the document does not know " + unused);
        }
    }

    public Match match(String method, String path) {
        String[] segments = path.split("/", -1);
        Set<String> allowed = new TreeSet<>();
        for (Route route : routes) {
            Map<String, String> values = values(route.segments(), segments);
            if (values != null) {
                if (route.operation().method().equals(method)) {
                    return new Found(route.operation(), route.handler(), values);
                }
                allowed.add(route.operation().method());
            }
        }
        return allowed.isEmpty() ? new Unknown() : new WrongMethod(allowed);
    }

    /** @return null where the path is another one */
    private static Map<String, String> values(String[] template, String[] segments) {
        if (template.length != segments.length) {
            return null;
        }
        Map<String, String> values = Map.of();
        for (int i = 0; i < template.length; i++) {
            if (template[i].startsWith("{")) {
                String value = decoded(segments[i]);
                if (value == null || value.isEmpty()) {
                    return null;
                }
                values = values.isEmpty() ? new HashMap<>() : values;
                values.put(template[i].substring(1, template[i].length() - 1), value);
            } else if (!template[i].equals(segments[i])) {
                return null;
            }
        }
        return values;
    }

    private static String decoded(String segment) {
        try {
            return segment.indexOf('%') < 0
                    ? segment
                    : URLDecoder.decode(segment.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
