package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.api.TestApi.Answer;
import dev.safelight.api.file.Images;
import dev.safelight.api.validate.Schema;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.openapi.contract.OpenAPIVersion;
import java.awt.image.BufferedImage;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The document that is served is valid, complete and true. */
class DocumentTest {
    private static final String JOB_PATH = "/v1/jobs/{job_id}";
    /** Those that a client acts on. */
    private static final List<String> HEADERS =
            List.of("Location", "Retry-After", "Idempotent-Replayed", "ETag", "WWW-Authenticate");

    private static final List<String> METHODS = List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

    private static TestApi api;
    private static ObjectNode document;

    @BeforeAll
    static void start() {
        api = TestApi.start();
        document = api.get("/openapi.json").json();
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    @Test
    void itIsValidOpenApi() throws ExecutionException, InterruptedException {
        assertThat(valid(document)).isTrue();
        // Were everything valid, this would show nothing.
        ObjectNode nameless = document.deepCopy();
        nameless.withObject("/info").remove("title");
        assertThat(valid(nameless)).isFalse();
    }

    private static boolean valid(ObjectNode contract) throws ExecutionException, InterruptedException {
        Vertx vertx = Vertx.vertx();
        try {
            return OpenAPIVersion.V3_1
                    .getRepository(vertx, "app://document/")
                    .compose(schemas ->
                            OpenAPIVersion.V3_1.validateContract(vertx, schemas, new JsonObject(contract.toString())))
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get()
                    .getValid();
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().get();
        }
    }

    @Test
    void whoeverIsTurnedAwayForNowIsToldForHowLong() {
        document.get("paths")
                .forEach(path -> path.forEach(operation -> {
                    JsonNode away = operation.path("responses").path("503");
                    if (resolved(away).path("content").has("application/problem+json")) {
                        assertThat(resolved(away).path("headers").has("Retry-After"))
                                .as("%s", operation.get("operationId"))
                                .isTrue();
                    }
                }));
    }

    @Test
    void everyOperationIsServedAndNoOther() {
        List<String> served = new ArrayList<>();
        for (String path : paths()) {
            String concrete = concrete(path);
            for (String method : METHODS) {
                Answer answer = api.send(api.request(concrete).method(method, HttpRequest.BodyPublishers.noBody()));
                if (answer.status() != 405) {
                    served.add(method + " " + path);
                } else if (!method.equals("HEAD")) {
                    assertThat(answer.at("/code").textValue()).isEqualTo("method_not_allowed");
                }
            }
        }
        assertThat(served).containsExactlyInAnyOrderElementsOf(operations());
    }

    @Test
    void everyOperationThatWantsAKeySaysHowItRefuses() {
        for (Map.Entry<String, JsonNode> path : document.get("paths").properties()) {
            for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
                if (!operation.getValue().path("security").isEmpty()) {
                    for (String status : List.of("401", "403", "429")) {
                        assertThat(operation.getValue().path("responses").has(status))
                                .as("%s %s %s", operation.getKey(), path.getKey(), status)
                                .isTrue();
                    }
                }
            }
        }
    }

    @Test
    void repliesAreWhatItPromises() {
        Answer submitted = api.submit("Idempotency-Key", "document");
        check("POST", "/v1/jobs", submitted);
        check("POST", "/v1/jobs", api.submit("Idempotency-Key", "document"));
        check("POST", "/v1/jobs", api.post("/v1/jobs", "{}"));
        check("POST", "/v1/jobs", api.post("/v1/jobs", "{"));
        String job = "/v1/jobs/" + submitted.id();
        check("GET", JOB_PATH, api.get(job));
        check("DELETE", JOB_PATH, api.delete(job));
        api.run(submitted.id());
        check("POST", JOB_PATH + "/cancel", api.post(job + "/cancel", ""));
        check("POST", JOB_PATH + "/retry", api.post(job + "/retry", ""));
        api.succeed(submitted.id(), new byte[] {1});
        check("GET", JOB_PATH, api.get(job));
        check("GET", JOB_PATH, api.get(job, "If-None-Match", "*"));
        check("GET", JOB_PATH + "/outputs/{ordinal}", api.get(job + "/outputs/1"));
        check("POST", JOB_PATH + "/cancel", api.post(job + "/cancel", ""));
        UUID failed = api.submit().id();
        api.run(failed);
        api.end(failed, "failed");
        check("GET", JOB_PATH, api.get("/v1/jobs/" + failed));
        for (int time = 0; time < 2; time++) {
            Answer retried = api.post("/v1/jobs/" + failed + "/retry", "", "Idempotency-Key", "retried");
            assertThat(retried.header("Idempotent-Replayed") != null).isEqualTo(time == 1);
            check("POST", JOB_PATH + "/retry", retried);
        }
        check("GET", "/v1/jobs", api.get("/v1/jobs?limit=1"));
        check("GET", "/v1/jobs", api.get("/v1/jobs?limit=0"));
        api.execute("INSERT INTO worker (worker_id, host, device, queues, models, slots, headroom, running)"
                + " VALUES (gen_random_uuid(), 'h', 'cpu', '{q}', '{m}', 1, 0, 0)");
        check("GET", "/v1/workers", api.get("/v1/workers"));
        check("GET", "/v1/usage", api.get("/v1/usage"));
        Answer uploaded = api.send(api.request("/v1/files")
                .header("Content-Type", "image/png")
                .POST(HttpRequest.BodyPublishers.ofByteArray(
                        Images.png(Images.picture(2, 2, BufferedImage.TYPE_INT_RGB)))));
        check("POST", "/v1/files", uploaded);
        check("POST", "/v1/files", api.post("/v1/files", "{}"));
        check("GET", "/v1/files/{file_id}", api.get("/v1/files/" + uploaded.id()));
        check("DELETE", "/v1/files/{file_id}", api.delete("/v1/files/" + uploaded.id()));
        check("GET", "/v1/files/{file_id}", api.get("/v1/files/" + uploaded.id()));
        check("GET", "/v1/usage", api.get("/v1/usage?to=never"));
        check("GET", "/v1/models", api.get("/v1/models"));
        check("GET", "/v1/models/{name}", api.get("/v1/models/shapes"));
        check("GET", "/v1/models/{name}", api.get("/v1/models/none"));
        check(
                "POST",
                "/v1/jobs:batch",
                api.post("/v1/jobs:batch", "{\"requests\": [" + TestApi.JOB + ", {\"model\": \"none\"}]}"));
        check("POST", "/v1/jobs:batch", api.post("/v1/jobs:batch", "{}"));
        check("GET", "/v1/tenants", api.get("/v1/tenants"));
        check("POST", "/v1/tenants", api.post("/v1/tenants", "{\"id\": \"studio\", \"most_running\": 2}"));
        check("POST", "/v1/tenants", api.post("/v1/tenants", "{\"id\": \"studio\"}"));
        check("GET", "/v1/tenants/{tenant_id}", api.get("/v1/tenants/studio"));
        check("GET", "/v1/tenants/{tenant_id}", api.get("/v1/tenants/nobody"));
        Answer key = api.post("/v1/keys", "{\"name\": \"me\", \"scopes\": [\"admin\"], \"expires_in\": 3600}");
        check("POST", "/v1/keys", key);
        String rotate = "/v1/keys/" + key.at("/id").textValue() + "/rotate";
        check("POST", "/v1/keys/{key_id}/rotate", api.post(rotate, "{}"));
        check("POST", "/v1/keys/{key_id}/rotate", api.post(rotate, "{}"));
        check("GET", "/v1/keys", api.get("/v1/keys"));
        check(
                "DELETE",
                "/v1/keys/{key_id}",
                api.delete("/v1/keys/" + key.at("/id").textValue()));
        check("POST", "/v1/queues/{queue}/pause", api.post("/v1/queues/q/pause", ""));
        check("POST", "/v1/queues/{queue}/resume", api.post("/v1/queues/q/resume", ""));
        check("GET", "/v1/queues", api.get("/v1/queues"));
        webhookRepliesAreWhatItPromises();
        check("GET", "/health/live", api.get("/health/live"));
        check("GET", "/health/ready", api.get("/health/ready"));
        check("DELETE", JOB_PATH, api.delete(job));
    }

    private static void webhookRepliesAreWhatItPromises() {
        String endpoints = "/v1/webhooks/endpoints";
        Answer created = api.post(endpoints, "{\"url\": \"https://hooks.invalid/\", \"description\": \"d\"}");
        check("POST", endpoints, created);
        check("POST", endpoints, api.post(endpoints, "{\"url\": \"https://127.0.0.1/\"}"));
        check("GET", endpoints, api.get(endpoints));
        String endpoint = endpoints + "/" + created.id();
        check("GET", endpoints + "/{endpoint_id}", api.get(endpoint));
        check("GET", endpoints + "/{endpoint_id}/secret", api.get(endpoint + "/secret"));
        check("POST", endpoints + "/{endpoint_id}/secret/rotate", api.post(endpoint + "/secret/rotate", "{}"));
        check("GET", "/v1/webhooks/secret", api.get("/v1/webhooks/secret"));
        check("POST", "/v1/webhooks/secret/rotate", api.post("/v1/webhooks/secret/rotate", "{}"));
        Answer test = api.post(endpoint + "/test", "");
        check("POST", endpoints + "/{endpoint_id}/test", test);
        String deliveries = "/v1/webhooks/deliveries";
        check("GET", deliveries, api.get(deliveries));
        check("GET", deliveries, api.get(deliveries + "?state=lost"));
        check("GET", deliveries + "/{delivery_id}", api.get(deliveries + "/" + test.id()));
        check("GET", deliveries + "/{delivery_id}", api.get(deliveries + "/" + UUID.randomUUID()));
        check("POST", deliveries + "/{delivery_id}/replay", api.post(deliveries + "/" + test.id() + "/replay", ""));
        Answer disabled = api.send(api.request(endpoint)
                .header("Content-Type", "application/json")
                .method("PATCH", HttpRequest.BodyPublishers.ofString("{\"enabled\": false}")));
        check("PATCH", endpoints + "/{endpoint_id}", disabled);
        check("POST", endpoints + "/{endpoint_id}/test", api.post(endpoint + "/test", ""));
        check("DELETE", endpoints + "/{endpoint_id}", api.delete(endpoint));
        check("DELETE", endpoints + "/{endpoint_id}", api.delete(endpoint));
    }

    /** The status is documented, the body fits its schema, and no object has a field that the schema does not name. */
    private static void check(String method, String path, Answer answer) {
        String what = method + " " + path + " " + answer.status() + " " + answer.text();
        JsonNode response = resolved(document.at("/paths")
                .path(path)
                .path(method.toLowerCase(Locale.ROOT))
                .path("responses")
                .path(Integer.toString(answer.status())));
        assertThat(response.isMissingNode()).as("%s is documented", what).isFalse();
        for (String header : HEADERS) {
            if (answer.header(header) != null) {
                assertThat(response.path("headers").has(header))
                        .as("%s of %s is documented", header, what)
                        .isTrue();
            }
        }
        if (answer.bytes().length == 0) {
            assertThat(response.has("content")).as(what).isFalse();
            return;
        }
        JsonNode schema =
                response.path("content").path(answer.header("Content-Type")).path("schema");
        assertThat(schema.isMissingNode()).as("%s has a schema", what).isFalse();
        assertThat(Schema.compile(document, schema).violations(answer.json()))
                .as(what)
                .isEmpty();
        assertThat(unnamed("", schema, answer.json())).as(what).isEmpty();
    }

    private static List<String> unnamed(String place, JsonNode reference, JsonNode value) {
        JsonNode schema = resolved(reference);
        List<String> unnamed = new ArrayList<>();
        if (value.isArray()) {
            value.forEach(item -> unnamed.addAll(unnamed(place + "/*", schema.path("items"), item)));
        } else if (value.isObject() && schema.has("properties")) {
            for (Map.Entry<String, JsonNode> field : value.properties()) {
                JsonNode property = schema.get("properties").get(field.getKey());
                if (property == null) {
                    unnamed.add(place + "/" + field.getKey());
                } else {
                    unnamed.addAll(unnamed(place + "/" + field.getKey(), property, field.getValue()));
                }
            }
        }
        return unnamed;
    }

    private static JsonNode resolved(JsonNode node) {
        return node.has("$ref") ? document.at(node.get("$ref").textValue().substring(1)) : node;
    }

    private static List<String> paths() {
        return document.get("paths").properties().stream()
                .map(Map.Entry::getKey)
                .toList();
    }

    private static List<String> operations() {
        return document.get("paths").properties().stream()
                .flatMap(path -> StreamSupport.stream(
                                ((Iterable<String>) () -> path.getValue().fieldNames()).spliterator(), false)
                        .map(method -> method.toUpperCase(Locale.ROOT))
                        .filter(METHODS::contains)
                        .map(method -> method + " " + path.getKey()))
                .toList();
    }

    private static String concrete(String path) {
        return Stream.of(
                        "{job_id}=" + UUID.randomUUID(),
                        "{ordinal}=0",
                        "{name}=shapes",
                        "{tenant_id}=nobody",
                        "{key_id}=0000000000",
                        "{queue}=nothing",
                        "{file_id}=" + UUID.randomUUID(),
                        "{endpoint_id}=" + UUID.randomUUID(),
                        "{delivery_id}=" + UUID.randomUUID())
                .map(pair -> pair.split("="))
                .reduce(path, (filled, pair) -> filled.replace(pair[0], pair[1]), (a, b) -> b);
    }
}
