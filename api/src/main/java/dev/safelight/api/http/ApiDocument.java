package dev.safelight.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.auth.Scope;
import dev.safelight.api.validate.Schema;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The OpenAPI document: what is served, routed by and checked against is one and the same. */
public final class ApiDocument {
    private static final Set<String> METHODS = Set.of("get", "head", "post", "put", "patch", "delete", "options");

    private final byte[] bytes;
    private final JsonNode document;
    private final List<Operation> operations = new ArrayList<>();

    private ApiDocument(byte[] bytes) throws IOException {
        this.bytes = bytes;
        this.document = Json.MAPPER.readTree(bytes);
        for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
            JsonNode shared = path.getValue().path("parameters");
            for (Map.Entry<String, JsonNode> entry : path.getValue().properties()) {
                if (METHODS.contains(entry.getKey())) {
                    operations.add(operation(path.getKey(), shared, entry.getKey(), entry.getValue()));
                }
            }
        }
    }

    /** Reads the document that is part of this program; anything wrong with it is a bug. */
    public static ApiDocument load() {
        try (InputStream in = ApiDocument.class.getResourceAsStream("openapi.json")) {
            return new ApiDocument(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public byte[] bytes() {
        return bytes.clone();
    }

    public List<Operation> operations() {
        return List.copyOf(operations);
    }

    private Operation operation(String path, JsonNode shared, String method, JsonNode node) {
        Map<String, Operation.Parameter> parameters = new LinkedHashMap<>();
        for (JsonNode list : List.of(shared, node.path("parameters"))) {
            for (JsonNode item : list) {
                Operation.Parameter parameter = parameter(resolved(item));
                parameters.put(parameter.name(), parameter);
            }
        }
        JsonNode content = node.path("requestBody").path("content");
        JsonNode body = content.path("application/json").path("schema");
        Set<String> uploads = new TreeSet<>();
        content.fieldNames().forEachRemaining(uploads::add);
        uploads.remove("application/json");
        return new Operation(
                node.get("operationId").textValue(),
                method.toUpperCase(Locale.ROOT),
                path,
                List.copyOf(parameters.values()),
                body.isMissingNode() ? Optional.empty() : Optional.of(Schema.compile(document, body)),
                Set.copyOf(uploads),
                scopes(node),
                node.path("security").path(1).has("link"),
                node.path("x-body-limit").asInt(0));
    }

    /** A schema of the document, by JSON pointer: for what is checked inside a handler. */
    public Schema schema(String pointer) {
        return Schema.compile(document, document.at(pointer));
    }

    /** Every operation says who may call it: one that forgets to must not be open by accident. */
    private static Optional<Set<Scope>> scopes(JsonNode node) {
        JsonNode security = node.path("security");
        boolean keyed = security.path(0).has("key");
        boolean linkedAtMost =
                security.size() < 2 || security.size() == 2 && security.get(1).has("link");
        if (!security.isArray() || !security.isEmpty() && !keyed || !linkedAtMost) {
            throw new IllegalStateException(node.get("operationId") + " does not say who may call it");
        }
        if (security.isEmpty()) {
            return Optional.empty();
        }
        Set<Scope> scopes = EnumSet.noneOf(Scope.class);
        security.get(0)
                .get("key")
                .forEach(word -> scopes.add(Scope.find(word.textValue())
                        .orElseThrow(() -> new IllegalStateException("no scope is called " + word))));
        return Optional.of(scopes);
    }

    private Operation.Parameter parameter(JsonNode node) {
        JsonNode schema = node.get("schema");
        return new Operation.Parameter(
                node.get("name").textValue(),
                Operation.In.valueOf(node.get("in").textValue().toUpperCase(Locale.ROOT)),
                node.path("required").booleanValue(),
                "integer".equals(schema.path("type").textValue()),
                Schema.compile(document, schema),
                schema.get("default"));
    }

    private JsonNode resolved(JsonNode node) {
        return node.has("$ref") ? document.at(node.get("$ref").textValue().substring(1)) : node;
    }
}
