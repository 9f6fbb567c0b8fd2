package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.TestApi.Answer;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a client sends wrong is a 4xx that says what and where, and leaves nothing behind. */
class BadRequestTest {
    private static TestApi api;

    @BeforeAll
    static void start() {
        api = TestApi.start();
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    /**
     * @param errors {@code code pointer} of each violation, in order
     * @param detail what the text must mention
     */
    private record Bad(
            String name,
            Function<TestApi, Answer> request,
            int status,
            String code,
            List<String> errors,
            String detail) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** A body that is JSON and breaks rules. */
    private static Bad invalid(String body, String detail, String... errors) {
        return new Bad(cut(body), api -> api.post("/v1/jobs", body), 422, "invalid_request", List.of(errors), detail);
    }

    private static Bad input(String input, String detail, String... errors) {
        return invalid("{\"model\": \"shapes\", \"input\": " + input + "}", detail, errors);
    }

    private static Bad malformed(String body, String detail) {
        return malformed(cut(body), body.getBytes(StandardCharsets.UTF_8), detail);
    }

    private static Bad malformed(String name, byte[] body, String detail) {
        return new Bad(name, api -> bytes(api, body, "application/json"), 400, "malformed_json", List.of(), detail);
    }

    private static Bad mediaType(String type) {
        return new Bad(
                "content type " + type,
                api -> bytes(api, TestApi.JOB.getBytes(StandardCharsets.UTF_8), type),
                415,
                "unsupported_media_type",
                List.of(),
                "application/json");
    }

    private static Bad header(String name, String value, String detail, String error) {
        return new Bad(
                name + ": " + cut(value),
                api -> api.submit(name, value),
                400,
                "invalid_request",
                List.of(error),
                detail);
    }

    private static Bad query(String query, String detail, String... errors) {
        return new Bad(
                "query " + query,
                api -> api.get("/v1/jobs?" + query),
                400,
                errors.length == 0 ? "malformed_query" : "invalid_request",
                List.of(errors),
                detail);
    }

    private static Bad notFound(String path) {
        return new Bad("path " + path, api -> api.get(path), 404, "not_found", List.of(), "");
    }

    private static Bad method(String method, String path, String allowed) {
        return new Bad(
                method + " " + path,
                api -> api.send(api.request(path).method(method, HttpRequest.BodyPublishers.noBody())),
                405,
                "method_not_allowed",
                List.of(),
                allowed);
    }

    private static Answer bytes(TestApi api, byte[] body, String type) {
        HttpRequest.Builder request = api.request("/v1/jobs").POST(HttpRequest.BodyPublishers.ofByteArray(body));
        return api.send(type == null ? request : request.header("Content-Type", type));
    }

    private static String cut(String text) {
        return text.length() > 100 ? text.substring(0, 100) + "…" : text;
    }

    static Stream<Bad> bad() {
        List<Bad> all = new ArrayList<>();
        // Not JSON at all.
        all.add(malformed("", "empty"));
        all.add(malformed("   ", "empty"));
        all.add(malformed("{\"model\": ", "line 1"));
        all.add(malformed("{\"model\": \"shapes\",}", "line 1, column"));
        all.add(malformed("{'model': 'shapes'}", "line 1"));
        all.add(malformed("model=shapes", "line 1"));
        all.add(malformed("{\"model\": \"shapes\"} {}", "line 1"));
        all.add(malformed("{\"model\": \"shapes\", \"model\": \"dots\"}", "Duplicate field 'model'"));
        all.add(malformed("{\"model\": \"shapes\", \"input\": {\"seed\": NaN}}", "NaN"));
        all.add(malformed("{\"model\": \"shapes\", \"input\": {\"seed\": 007}}", "zero"));
        all.add(malformed("{\"model\": \"shapes\", \"input\": {\"seed\": " + "9".repeat(500) + "}}", "length"));
        all.add(malformed("{\"model\": \"sha\npes\"}", "line 1"));
        all.add(malformed("[".repeat(10_000), "nesting depth"));
        all.add(malformed(
                "{\"model\": \"shapes\", \"metadata\": " + "{\"a\": ".repeat(60) + "1" + "}".repeat(61),
                "nesting depth"));
        all.add(malformed("Latin-1", "{\"model\": \"sh\u00e4pes\"}".getBytes(StandardCharsets.ISO_8859_1), "UTF-8"));
        all.add(malformed("UTF-16", TestApi.JOB.getBytes(StandardCharsets.UTF_16LE), "JSON"));
        all.add(malformed(
                "overlong NUL", new byte[] {'{', '"', (byte) 0xC0, (byte) 0x80, '"', ':', '1', '}'}, "UTF-8"));
        // JSON of the wrong shape.
        all.add(invalid("null", "must be an object", "wrong_type #"));
        all.add(invalid("[]", "must be an object", "wrong_type #"));
        all.add(invalid("\"shapes\"", "must be an object", "wrong_type #"));
        all.add(invalid("{}", "\"model\" is required", "missing_field #/model"));
        all.add(invalid("{\"model\": null}", "must be a string", "wrong_type #/model"));
        all.add(invalid("{\"model\": 1e999}", "64-bit float", "out_of_range #/model"));
        all.add(invalid("{\"model\": \"\"}", "at least 1", "too_short #/model"));
        all.add(invalid("{\"model\": \"" + "x".repeat(64) + "\"}", "at most 63", "too_long #/model"));
        all.add(invalid("{\"model\": \"clothes\"}", "the models are: shapes, dots", "unknown_model #/model"));
        all.add(invalid("{\"model\": \"Shapes\"}", "the models are: shapes, dots", "unknown_model #/model"));
        all.add(invalid("{\"model\": \"../shapes\"}", "the models are", "unknown_model #/model"));
        all.add(invalid(
                "{\"model\": \"shapes\", \"sampler\": \"ddim\"}",
                "the fields are: model, input, priority",
                "unknown_field #/sampler"));
        all.add(invalid(
                "{\"model\": \"shapes\", \"a/b~c d%\": 1}",
                "\"a/b~c d%\" is not known", "unknown_field #/a~1b~0c%20d%25"));
        all.add(invalid(
                "{\"model\": 1, \"priority\": \"urgent\", \"x\": 1}",
                "#/model",
                "wrong_type #/model",
                "unknown_value #/priority",
                "unknown_field #/x"));
        all.add(invalid(
                "{\"model\": \"shapes\", \"priority\": \"HIGH\"}",
                "must be one of: low, normal, high",
                "unknown_value #/priority"));
        all.add(invalid("{\"model\": \"shapes\", \"priority\": 1}", "must be a string", "wrong_type #/priority"));
        all.add(invalid("{\"model\": \"shapes\", \"input\": null}", "must be an object", "wrong_type #/input"));
        all.add(invalid("{\"model\": \"shapes\", \"input\": []}", "must be an object", "wrong_type #/input"));
        all.add(invalid("{\"model\": \"shapes\", \"expires_in\": 0}", "between 1 and", "out_of_range #/expires_in"));
        all.add(invalid("{\"model\": \"shapes\", \"expires_in\": \"1h\"}", "an integer", "wrong_type #/expires_in"));
        all.add(invalid(
                "{\"model\": \"shapes\", \"expires_in\": 315360001}", "between 1 and", "out_of_range #/expires_in"));
        // An input that the model does not take.
        all.add(input("{\"class\": \"triangle\"}", "one of: circle, square", "unknown_value #/input/class"));
        all.add(input("{\"class\": null}", "must be a string, got null", "wrong_type #/input/class"));
        all.add(input("{\"class\": 1}", "must be a string, got 1", "wrong_type #/input/class"));
        all.add(input("{\"sampler\": \"magic\"}", "one of: ddim, euler", "unknown_value #/input/sampler"));
        all.add(input("{\"sampler\": \"ddpm\"}", "does not offer", "unsupported_by_model #/input/sampler"));
        all.add(input(
                "{\"sampler\": \"analytic-ddpm\"}",
                "needs a table \"noise-power\"",
                "unsupported_by_model #/input/sampler"));
        all.add(input("{\"sampler\": \"cold\"}", "needs a cold process", "unsupported_by_model #/input/sampler"));
        all.add(input("{\"sampler\": \"euler\", \"eta\": 0.5}", "no option eta", "unknown_option #/input/eta"));
        all.add(input("{\"timesteps\": [900, 950]}", "must fall", "out_of_range #/input/timesteps"));
        all.add(input("{\"timesteps\": [900, 10], \"steps\": 3}", "as many", "out_of_range #/input/timesteps"));
        all.add(input(
                "{\"sampler\": \"euler\", \"timesteps\": [900, 10], \"sigmas\": \"karras\"}",
                "exclude each other",
                "out_of_range #/input/timesteps"));
        all.add(input(
                "{\"compose\": [{\"class\": \"dragon\", \"weight\": 1}]}",
                "one of: circle, square",
                "unknown_value #/input/compose/0/class"));
        all.add(input(
                "{\"class\": \"circle\", \"compose\": [{\"class\": \"square\", \"weight\": 1}]}",
                "place of class",
                "invalid_value #/input/compose"));
        all.add(input("{\"negative\": \"circle\"}", "get to", "invalid_value #/input/negative"));
        all.add(input("{\"steps\": 0}", "between 1 and 1000, got 0", "out_of_range #/input/steps"));
        all.add(input("{\"steps\": 1001}", "between 1 and 1000", "out_of_range #/input/steps"));
        all.add(input("{\"steps\": -3}", "between 1 and 1000", "out_of_range #/input/steps"));
        all.add(input("{\"steps\": 4.5}", "must be an integer, got 4.5", "wrong_type #/input/steps"));
        all.add(input("{\"steps\": \"4\"}", "must be an integer, got \"4\"", "wrong_type #/input/steps"));
        all.add(input("{\"steps\": 1e300}", "between 1 and 1000", "out_of_range #/input/steps"));
        all.add(input("{\"steps\": 99999999999999999999}", "between 1 and 1000", "out_of_range #/input/steps"));
        all.add(input("{\"steps\": 4294967297}", "between 1 and 1000", "out_of_range #/input/steps"));
        all.add(input(
                "{\"sampler\": \"dpmpp-2m\", \"steps\": 1000, \"spacing\": \"linspace\"}",
                "1000 steps cannot be laid out over 1000 training steps with linspace spacing",
                "out_of_range #/input/steps"));
        all.add(input("{\"seed\": -1}", "between 0 and", "out_of_range #/input/seed"));
        all.add(input("{\"seed\": 9007199254740992}", "between 0 and", "out_of_range #/input/seed"));
        all.add(input("{\"seed\": 1e999}", "64-bit float", "out_of_range #/input/seed"));
        all.add(input("{\"count\": 0}", "between 1 and 4", "out_of_range #/input/count"));
        all.add(input("{\"count\": 5}", "between 1 and 4", "out_of_range #/input/count"));
        all.add(input("{\"guidance\": -0.5}", "between 0 and 100", "out_of_range #/input/guidance"));
        all.add(input("{\"guidance\": \"strong\"}", "must be a number", "wrong_type #/input/guidance"));
        all.add(input("{\"eta\": 1.5}", "between 0 and 1", "out_of_range #/input/eta"));
        all.add(input("{\"spacing\": \"karras\"}", "leading, trailing, linspace", "unknown_value #/input/spacing"));
        all.add(input("{\"noise\": \"dice\"}", "counter, torch", "unknown_value #/input/noise"));
        all.add(input("{\"strict\": 1}", "must be a boolean", "wrong_type #/input/strict"));
        all.add(input("{\"stepz\": 4}", "the fields are: class, sampler, steps", "unknown_field #/input/stepz"));
        all.add(input(
                "{\"steps\": 0, \"count\": 9, \"prompt\": \"a cat\"}",
                "and 2 more",
                "out_of_range #/input/steps",
                "out_of_range #/input/count",
                "unsupported_by_model #/input/prompt"));
        all.add(invalid(
                "{\"model\": \"dots\", \"input\": {\"class\": \"circle\"}}",
                "model dots has no classes",
                "unsupported_by_model #/input/class"));
        all.add(invalid(
                "{\"model\": \"dots\", \"input\": {\"guidance\": 3}}",
                "was not trained to draw without a condition",
                "unsupported_by_model #/input/guidance"));
        // What other models take and these do not.
        all.add(input("{\"factors\": {}}", "model shapes has no factors", "unsupported_by_model #/input/factors"));
        all.add(input("{\"start\": \"prior\"}", "has no prior", "unsupported_by_model #/input/start"));
        all.add(input("{\"prior_seed\": 1}", "has no prior", "unsupported_by_model #/input/prior_seed"));
        all.add(input("{\"degraded\": true}", "cold diffusion", "unsupported_by_model #/input/degraded"));
        all.add(input(
                "{\"classifier_guidance\": 1}",
                "no network \"guide\"",
                "unsupported_by_model #/input/classifier_guidance"));
        // Half of a request for a walk from an image.
        all.add(input("{\"strength\": 0.5}", "needs an image", "invalid_value #/input/strength"));
        all.add(input("{\"mask\": \"a\"}", "needs an image", "invalid_value #/input/mask"));
        all.add(input("{\"inversion\": true}", "needs an image", "invalid_value #/input/inversion"));
        all.add(input(
                "{\"sampler\": \"euler\", \"inversion\": true}",
                "no option inversion",
                "unknown_option #/input/inversion"));
        all.add(input(
                "{\"guidance_sigma_min\": 3, \"guidance_sigma_max\": 2.5}",
                "must not exceed guidance_sigma_max",
                "invalid_value #/input/guidance_sigma_min"));
        // What cannot be stored.
        all.add(input("{\"class\": \"squ\\u0000are\"}", "NUL", "wrong_text #/input/class"));
        all.add(metadata("{\"a\": \"\\u0000\"}", "NUL", "wrong_text #/metadata/a"));
        all.add(metadata("{\"\\u0000\": 1}", "NUL", "wrong_text #/metadata"));
        all.add(metadata("{\"a\": [\"\\ud800\"]}", "surrogate", "wrong_text #/metadata/a/0"));
        all.add(metadata("{\"a\": \"\\udc00\\ud800\"}", "surrogate", "wrong_text #/metadata/a"));
        all.add(metadata("{\"a\": -1e999}", "64-bit float", "out_of_range #/metadata/a"));
        all.add(metadata("[1]", "must be an object", "wrong_type #/metadata"));
        all.add(metadata("{\"a\": \"" + "x".repeat(4096) + "\"}", "4096 bytes", "too_long #/metadata"));
        all.add(metadata("{\"a\": \"" + "\u20ac".repeat(1500) + "\"}", "4096 bytes", "too_long #/metadata"));
        all.add(metadata(
                IntStream.range(0, 65).mapToObj(i -> "\"k" + i + "\": 1").collect(Collectors.joining(",", "{", "}")),
                "at most 64 fields",
                "too_many #/metadata"));
        all.add(metadata(
                "{\"" + "k".repeat(65) + "\": 1}",
                "at most 64",
                "too_long #/metadata/" + "k".repeat(60) + "%E2%80%A6"));
        // Media types.
        all.add(mediaType(null));
        all.add(mediaType("text/plain"));
        all.add(mediaType("application/x-www-form-urlencoded"));
        all.add(mediaType("application/json; charset=utf-16"));
        all.add(mediaType("application/jsonp"));
        // Size.
        all.add(new Bad(
                "a body over the limit",
                api -> bytes(api, new byte[300_000], "application/json"),
                413,
                "body_too_large",
                List.of(),
                "262144"));
        all.add(new Bad(
                "a body over the limit, of unknown length",
                api -> api.send(api.request("/v1/jobs")
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.fromPublisher(
                                HttpRequest.BodyPublishers.ofByteArray(new byte[2_000_000])))),
                413,
                "body_too_large",
                List.of(),
                "262144"));
        // Headers.
        all.add(header("Idempotency-Key", "", "at least 1", "too_short Idempotency-Key"));
        all.add(header("Idempotency-Key", "k".repeat(256), "at most 255", "too_long Idempotency-Key"));
        all.add(header("Idempotency-Key", "two words", "does not match", "wrong_format Idempotency-Key"));
        // Queries.
        all.add(query("limit=0", "between 1 and 200", "out_of_range limit"));
        all.add(query("limit=201", "between 1 and 200", "out_of_range limit"));
        all.add(query("limit=ten", "must be an integer", "wrong_type limit"));
        all.add(query("limit=", "must be an integer", "wrong_type limit"));
        all.add(query("limit=9999999999999999999999", "must be an integer", "wrong_type limit"));
        all.add(query("limit=1&limit=2", "once", "given_twice limit"));
        all.add(query("state=done", "one of: queued, running", "unknown_value state"));
        all.add(query("cursor=AAAA", "next_cursor", "wrong_format cursor"));
        all.add(query("cursor=!", "next_cursor", "wrong_format cursor"));
        all.add(query("stat=failed", "the parameters are: state, model, limit, cursor", "unknown_parameter stat"));
        all.add(query("model=" + "m".repeat(64), "at most 63", "too_long model"));
        // Paths and methods.
        all.add(notFound("/v1"));
        all.add(notFound("/v1/jobs/"));
        all.add(notFound("/v2/jobs"));
        all.add(notFound("/v1/jobs/" + UUID.randomUUID()));
        all.add(notFound("/v1/jobs/7"));
        all.add(notFound("/v1/jobs/1-1-1-1-1"));
        all.add(notFound("/v1/jobs/%00"));
        all.add(notFound("/v1/jobs/" + UUID.randomUUID() + "/outputs/0"));
        all.add(notFound("/v1/jobs/" + UUID.randomUUID() + "/outputs/first"));
        all.add(notFound("/v1/jobs/" + UUID.randomUUID() + "/outputs/-1"));
        all.add(notFound("/v1/jobs/" + UUID.randomUUID() + "/outputs/99999999999"));
        all.add(notFound("/v1/models/clothes"));
        all.add(notFound("/v1/models/..%2Fshapes"));
        all.add(method("PUT", "/v1/jobs", "GET, POST"));
        all.add(method("PATCH", "/v1/jobs/" + UUID.randomUUID(), "DELETE, GET"));
        all.add(method("GET", "/v1/jobs/" + UUID.randomUUID() + "/cancel", "POST"));
        all.add(method("DELETE", "/v1/models", "GET"));
        return all.stream();
    }

    private static Bad metadata(String metadata, String detail, String... errors) {
        return invalid("{\"model\": \"shapes\", \"metadata\": " + metadata + "}", detail, errors);
    }

    @ParameterizedTest
    @MethodSource("bad")
    void isRefusedWithAReasonAndLeavesNothing(Bad bad) {
        long before = api.jobs();
        Answer answer = bad.request.apply(api);

        assertThat(answer.status()).as(answer.text()).isEqualTo(bad.status);
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(answer.at("/status").intValue()).isEqualTo(bad.status);
        assertThat(answer.at("/title").textValue()).isNotBlank();
        assertThat(answer.at("/code").textValue()).as(answer.text()).isEqualTo(bad.code);
        List<String> errors = new ArrayList<>();
        for (JsonNode error : answer.at("/errors")) {
            errors.add(
                    error.get("code").textValue() + " " + error.get("pointer").textValue());
            assertThat(error.get("detail").textValue()).isNotBlank();
        }
        assertThat(errors).as(answer.text()).containsExactlyElementsOf(bad.errors);
        assertThat(answer.at("/detail").textValue()).contains(bad.detail);
        if (bad.status == 405) {
            assertThat(answer.header("Allow")).isEqualTo(bad.detail);
        }
        assertThat(api.jobs()).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "POST /v1/jobs HTTP/1.1\r\nHost: a\r\nIdempotency-Key: sch\u00f6n\r\nContent-Type: application/json\r\n"
                        + "Content-Length: 19\r\nConnection: close\r\n\r\n{\"model\": \"shapes\"}",
                "GET /v1/jobs?state=%FF%ZZ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                "GET /v1/models/%ZZ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                "GET nonsense HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                "POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
                "POST /v1/jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
                        + "Content-Type: application/json\r\n\r\nnonsense\r\n",
                "complete nonsense\r\n\r\n"
            })
    void whatNoClientLibraryWouldSendIsRefusedToo(String request) throws IOException {
        long before = api.jobs();
        String answer = api.raw(request);
        // Nothing at all is what a body gets that breaks off in the middle: its connection is closed.
        assertThat(answer.lines().findFirst().orElse("")).matches("(HTTP/1.[01] 4.*)?");
        assertThat(api.jobs()).isEqualTo(before);
    }

    @Test
    void thousandsOfMistakesMakeAShortReply() {
        String fields = IntStream.range(0, 5_000)
                .mapToObj(i -> "\"unknown" + i + "\": 1")
                .collect(Collectors.joining(","));
        Answer answer = api.post("/v1/jobs", "{\"model\": \"shapes\", \"input\": {" + fields + "}}");
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.at("/errors")).hasSize(50);
        assertThat(answer.bytes().length).isLessThan(30_000);
    }
}
