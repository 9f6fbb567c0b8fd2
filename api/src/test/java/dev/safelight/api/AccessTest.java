package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.TestApi.Answer;
import dev.safelight.api.auth.ApiKey;
import dev.safelight.api.auth.KeyStore;
import dev.safelight.api.auth.Scope;
import dev.safelight.api.file.Images;
import dev.safelight.api.http.ApiDocument;
import dev.safelight.api.http.Operation;
import java.awt.image.BufferedImage;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Walks every route of the document with the key of another tenant, without a key, with a wrong one and with one that
 * lacks a scope. A route that is added is walked by itself; if its path names something new, {@link #OWNED} or {@link
 * #SHARED} must say what.
 */
class AccessTest {
    private static final Set<Scope> ALL_BUT_ADMIN = EnumSet.of(Scope.JOBS_READ, Scope.JOBS_WRITE);
    private static final Pattern PARAMETER = Pattern.compile("\\{(\\w+)}");

    private static TestApi api;
    private static String owner;
    private static String stranger;
    /** Ids of the owner's things: nobody else may ever see one. */
    private static final List<String> THINGS = new ArrayList<>();

    /** Makes a thing of the tenant default, ready for any operation on it, and gives the value that names it in a path. */
    private static final Map<String, Supplier<String>> OWNED = Map.of(
            "job_id",
            AccessTest::job,
            "ordinal",
            () -> "0",
            "file_id",
            AccessTest::file,
            "endpoint_id",
            AccessTest::endpoint,
            "delivery_id",
            AccessTest::delivery);

    /** What every tenant may name. */
    private static final Map<String, String> SHARED =
            Map.of("name", "shapes", "tenant_id", "default", "key_id", "0000000000", "queue", "default");

    /** Bodies that the document allows, by operation; the owner's things can then only be missed by the tenant. */
    private static final Map<String, String> BODIES =
            Map.of("submitBatch", "{\"requests\": [{}]}", "submitJob", TestApi.JOB);

    @BeforeAll
    static void start() {
        api = TestApi.startWithKeys();
        api.execute("INSERT INTO tenant (tenant_id) VALUES ('stranger')");
        owner = key("default", ALL_BUT_ADMIN);
        stranger = key("stranger", ALL_BUT_ADMIN);
        job();
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    static Stream<Operation> operations() {
        return ApiDocument.load().operations().stream();
    }

    @ParameterizedTest
    @MethodSource("operations")
    void anotherTenantsThingsDoNotExist(Operation operation) {
        List<String> owned = PARAMETER
                .matcher(operation.path())
                .results()
                .map(found -> found.group(1))
                .filter(name -> !SHARED.containsKey(name))
                .toList();
        if (operation.scopes().stream().anyMatch(scopes -> scopes.contains(Scope.ADMIN))) {
            // For those who look after everybody; the stranger is told so, whatever the path names.
            assertThat(call(operation, path(operation), stranger).status()).isEqualTo(403);
            return;
        }
        String path = path(operation);
        Answer seen = call(operation, path, stranger);
        if (!owned.isEmpty()) {
            assertThat(seen.status())
                    .as("%s %s of another tenant: %s", operation.method(), path, seen.text())
                    .isEqualTo(404);
            assertThat(call(operation, path, owner).status())
                    .as("%s %s is there for its owner", operation.method(), path)
                    .isIn(200, 201, 202, 204, 409);
        } else {
            assertThat(THINGS)
                    .as("things of another tenant in %s", operation.id())
                    .noneMatch(seen.text()::contains);
        }
    }

    @ParameterizedTest
    @MethodSource("operations")
    void withoutAKeyNothingButTheOpenIsServed(Operation operation) {
        String path = path(operation);
        Answer none = call(operation, path, null);
        if (operation.scopes().isEmpty()) {
            assertThat(none.status()).isEqualTo(200);
            return;
        }
        assertRefused(operation, none, 401, "missing_key", "Bearer realm=\"safelight\"");
        assertRefused(
                operation,
                call(operation, path, ApiKey.draw().reveal()),
                401,
                "invalid_key",
                "Bearer realm=\"safelight\", error=\"invalid_token\", error_description=\"this key is not known\"");
    }

    @ParameterizedTest
    @MethodSource("operations")
    void withTooFewScopesItIsSaidWhichIsMissing(Operation operation) {
        for (Scope needed : operation.scopes().orElse(Set.of())) {
            Set<Scope> others = EnumSet.complementOf(EnumSet.of(needed));
            Answer answer = call(operation, path(operation), key("default", others));
            assertRefused(
                    operation,
                    answer,
                    403,
                    "missing_scope",
                    "Bearer realm=\"safelight\", error=\"insufficient_scope\", scope=\"" + needed.word() + "\"");
            if (!operation.method().equals("HEAD")) {
                assertThat(answer.at("/detail").textValue()).endsWith("the scope " + needed.word());
            }
        }
    }

    @Test
    void theAdministratorsKeyOfTheSettingsOpensEverything() {
        assertThat(send("GET", "/v1/workers", TestApi.ADMIN_KEY, "").status()).isEqualTo(200);
        assertThat(send("GET", "/metrics", TestApi.ADMIN_KEY, "").status()).isEqualTo(200);
        assertThat(send("POST", "/v1/jobs", TestApi.ADMIN_KEY, TestApi.JOB).status())
                .isEqualTo(202);
    }

    @Test
    void eachTenantHasItsOwnIdempotencyKeysAndJobs() {
        Answer own = api.send(request("POST", "/v1/jobs", owner, TestApi.JOB).header("Idempotency-Key", "same"));
        Answer other =
                api.send(request("POST", "/v1/jobs", stranger, TestApi.JOB).header("Idempotency-Key", "same"));
        assertThat(own.status()).isEqualTo(202);
        assertThat(other.status()).isEqualTo(202);
        assertThat(other.id()).isNotEqualTo(own.id());
        assertThat(send("GET", "/v1/jobs?limit=200", stranger, "").text())
                .contains(other.id().toString())
                .doesNotContain(own.id().toString());
    }

    /** A body is not read before it is known whose it is. */
    @Test
    void aStrangersUploadIsRefusedByItsHead() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", api.server().port())) {
            socket.setSoTimeout(30_000);
            String head = "POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 1000000\r\n\r\n{";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            String reply = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
            assertThat(reply).isEqualTo("HTTP/1.1 401");
        }
    }

    private static void assertRefused(Operation operation, Answer answer, int status, String code, String challenge) {
        assertThat(answer.status()).as(operation.id()).isEqualTo(status);
        assertThat(answer.header("WWW-Authenticate")).isEqualTo(challenge);
        if (!operation.method().equals("HEAD")) {
            assertThat(answer.at("/code").textValue()).isEqualTo(code);
        }
    }

    /** The operation's path with a new thing of the owner in it. */
    private static String path(Operation operation) {
        Matcher parameters = PARAMETER.matcher(operation.path());
        return parameters.replaceAll(parameter -> {
            String name = parameter.group(1);
            assertThat(OWNED.containsKey(name) || SHARED.containsKey(name))
                    .as("this test knows how to make what {%s} names, or that it is shared", name)
                    .isTrue();
            return SHARED.containsKey(name) ? SHARED.get(name) : OWNED.get(name).get();
        });
    }

    /** A succeeded job with an image: there is something for every operation to find. */
    private static String job() {
        UUID id = send("POST", "/v1/jobs", owner, TestApi.JOB).id();
        api.run(id);
        api.succeed(id, new byte[] {1, 2, 3});
        THINGS.add(id.toString());
        return id.toString();
    }

    /** An uploaded image. */
    private static String file() {
        byte[] png = Images.png(Images.picture(2, 2, BufferedImage.TYPE_INT_RGB));
        UUID id = api.send(api.request("/v1/files")
                        .header("Content-Type", "image/png")
                        .header("Authorization", "Bearer " + owner)
                        .POST(HttpRequest.BodyPublishers.ofByteArray(png)))
                .id();
        THINGS.add(id.toString());
        return id.toString();
    }

    /** An endpoint that nothing can be sent to. */
    private static String endpoint() {
        String body = "{\"url\": \"https://hooks.invalid/\", \"events\": [\"started\"]}";
        String id = send("POST", "/v1/webhooks/endpoints", owner, body).id().toString();
        THINGS.add(id);
        return id;
    }

    private static String delivery() {
        String test = "/v1/webhooks/endpoints/" + endpoint() + "/test";
        String id = send("POST", test, owner, "").id().toString();
        THINGS.add(id);
        return id;
    }

    private static Answer call(Operation operation, String path, String key) {
        String body = operation.body().isPresent() ? BODIES.getOrDefault(operation.id(), "{}") : "";
        return send(operation.method(), path, key, body);
    }

    private static Answer send(String method, String path, String key, String body) {
        return api.send(request(method, path, key, body));
    }

    private static HttpRequest.Builder request(String method, String path, String key, String body) {
        HttpRequest.Builder request = api.request(path)
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body));
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        return key == null ? request : request.header("Authorization", "Bearer " + key);
    }

    private static String key(String tenantId, Set<Scope> scopes) {
        return new KeyStore(api.database())
                .create(tenantId, "test", scopes, null)
                .orElseThrow()
                .key()
                .reveal();
    }
}
