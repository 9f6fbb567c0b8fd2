package dev.safelight.api.webhook;

import static dev.safelight.api.webhook.Receiver.replying;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.Eventually;
import dev.safelight.api.TestApi;
import dev.safelight.api.TestApi.Answer;
import dev.safelight.api.webhook.Receiver.Message;
import dev.safelight.common.sign.SigningSecret;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Webhooks as a client of the API sees them: the running API sends by itself. */
class WebhookRoutesTest {
    private static final String ENDPOINTS = "/v1/webhooks/endpoints";
    private static final String DELIVERIES = "/v1/webhooks/deliveries";
    private static final String GIVEN = SigningSecret.generate().reveal();

    private static TestApi api;

    @BeforeAll
    static void start() {
        api = TestApi.with(Map.of(
                "SAFELIGHT_WEBHOOK_ALLOW",
                "127.0.0.0/8",
                "SAFELIGHT_WEBHOOK_PORTS",
                "any",
                "SAFELIGHT_WEBHOOK_DELAYS",
                "0s,1h",
                "SAFELIGHT_SECRET_KEY",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    @Test
    void aJobTellsItsOwnWebhookSignedByTheTenantsSecret() {
        try (Receiver receiver = new Receiver()) {
            String tenants = api.get("/v1/webhooks/secret").at("/secret").textValue();
            Answer job = submit("{\"url\": \"" + receiver.url() + "\"}");
            assertThat(job.at("/webhook/events/0").textValue()).isEqualTo("completed");
            api.post("/v1/jobs/" + job.id() + "/cancel", "");
            Message message = receiver.next();
            assertThat(message.verifies(tenants)).isTrue();
            assertThat(message.json().at("/data/id").textValue())
                    .isEqualTo(job.id().toString());
            assertThat(message.json().at("/data/state").textValue()).isEqualTo("canceled");
            Answer seen = api.get("/v1/jobs/" + job.id());
            assertThat(message.json().get("data"))
                    .as("the job as GET returns it")
                    .isEqualTo(seen.json());

            JsonNode delivery = settled(job.id());
            assertThat(delivery.get("id").textValue()).isEqualTo(message.id());
            assertThat(delivery.get("type").textValue()).isEqualTo("job.completed");
            assertThat(delivery.get("state").textValue()).isEqualTo("delivered");
            assertThat(delivery.at("/attempts/0/status").intValue()).isEqualTo(204);
            assertThat(delivery.at("/attempts/0/duration_ms").isInt()).isTrue();
        }
    }

    @Test
    void aSecretOfTheJobsOwnSignsAndIsShownToNobody() {
        try (Receiver receiver = new Receiver()) {
            Answer job = submit("{\"url\": \"" + receiver.url() + "\", \"secret\": \"" + GIVEN + "\"}");
            assertThat(job.text()).doesNotContain("secret").doesNotContain(GIVEN.substring(6));
            Answer failed = retried(job);
            Message message = receiver.next();
            assertThat(message.verifies(GIVEN)).isTrue();
            assertThat(message.body()).doesNotContain(GIVEN.substring(6));
            // The retry of a job tells the same webhook.
            api.post("/v1/jobs/" + failed.id() + "/cancel", "");
            assertThat(receiver.next().verifies(GIVEN)).isTrue();
            List<String> stored = api.database()
                    .jdbi()
                    .withHandle(handle -> handle.createQuery("SELECT row_to_json(job)::text FROM job")
                            .mapTo(String.class)
                            .list());
            assertThat(stored).noneMatch(row -> row.contains(GIVEN.substring(6)));
        }
    }

    private static Answer retried(Answer job) {
        api.post("/v1/jobs/" + job.id() + "/cancel", "");
        return api.post("/v1/jobs/" + job.id() + "/retry", "");
    }

    @Test
    void anEndpointsLife() {
        try (Receiver receiver = new Receiver()) {
            Answer created = api.post(ENDPOINTS, """
                    {"url": "%s", "events": ["completed", "started", "completed"], "description": "ours"}""".formatted(receiver.url()));
            assertThat(created.status()).isEqualTo(201);
            String path = ENDPOINTS + "/" + created.id();
            assertThat(created.header("Location")).isEqualTo(path);
            assertThat(created.at("/events").toString()).isEqualTo("[\"completed\",\"started\"]");
            String secret = created.at("/secret").textValue();
            assertThat(SigningSecret.parse(secret)).isPresent();
            assertThat(api.get(path).json().has("secret")).isFalse();
            assertThat(api.get(ENDPOINTS).text())
                    .contains(created.id().toString())
                    .doesNotContain("whsec");
            assertThat(api.get(path + "/secret").at("/secret").textValue()).isEqualTo(secret);

            Answer test = api.post(path + "/test", "");
            assertThat(test.status()).isEqualTo(202);
            Message message = receiver.next();
            assertThat(message.verifies(secret)).isTrue();
            assertThat(message.id()).isEqualTo(test.id().toString());
            assertThat(message.json().at("/type").textValue()).isEqualTo("webhook.test");
            assertThat(message.json().at("/data/endpoint_id").textValue())
                    .isEqualTo(created.id().toString());

            assertThat(patch(path, "{\"enabled\": false}")
                            .at("/disabled_reason")
                            .textValue())
                    .isEqualTo("requested");
            assertThat(api.post(path + "/test", "").at("/code").textValue()).isEqualTo("endpoint_disabled");
            assertThat(patch(path, "{\"enabled\": true, \"events\": [\"output\"], \"description\": \"\"}")
                            .json()
                            .has("description"))
                    .isFalse();
            assertThat(api.get(path).at("/enabled").booleanValue()).isTrue();
            assertThat(patch(path, "{\"url\": \"http://user@example.com/\"}").status())
                    .isEqualTo(422);
            assertThat(patch(path, "{\"events\": []}").at("/errors/0/code").textValue())
                    .isEqualTo("too_few");
            assertThat(api.delete(path).status()).isEqualTo(204);
            assertThat(api.delete(path).status()).isEqualTo(404);
            assertThat(api.get(path).status()).isEqualTo(404);
            assertThat(api.post(path + "/secret/rotate", "{}").status()).isEqualTo(404);
        }
    }

    @Test
    void whileSecretsAreRotatedBothSign() {
        try (Receiver receiver = new Receiver()) {
            Answer created = api.post(
                    ENDPOINTS,
                    "{\"url\": \"" + receiver.url() + "\", \"events\": [\"output\"], \"secret\": \"" + GIVEN + "\"}");
            assertThat(created.at("/secret").textValue()).isEqualTo(GIVEN);
            String path = ENDPOINTS + "/" + created.id();
            Answer rotated = api.post(path + "/secret/rotate", "{\"overlap\": 3600}");
            String fresh = rotated.at("/secret").textValue();
            assertThat(rotated.header("Cache-Control")).isEqualTo("no-store");
            assertThat(rotated.json().has("previous_ends_at")).isTrue();
            api.post(path + "/test", "");
            Message during = receiver.next();
            assertThat(during.header("webhook-signature").split(" ")).hasSize(2);
            assertThat(during.verifies(GIVEN)).isTrue();
            assertThat(during.verifies(fresh)).isTrue();

            api.execute("UPDATE webhook_secret SET ends_at = now() WHERE ends_at IS NOT NULL");
            api.post(path + "/test", "");
            Message after = receiver.next();
            assertThat(after.verifies(GIVEN)).isFalse();
            assertThat(after.verifies(fresh)).isTrue();

            String chosen = SigningSecret.generate().reveal();
            assertThat(api.post(path + "/secret/rotate", "{\"overlap\": 0, \"secret\": \"" + chosen + "\"}")
                            .at("/secret")
                            .textValue())
                    .isEqualTo(chosen);
            api.post(path + "/test", "");
            Message last = receiver.next();
            assertThat(last.verifies(fresh)).isFalse();
            assertThat(last.verifies(chosen)).isTrue();
        }
    }

    @Test
    void aDeliveryThatFailedIsReplayedUnderItsId() {
        AtomicInteger status = new AtomicInteger(500);
        try (Receiver receiver =
                new Receiver(exchange -> replying(status.get(), "sorry").reply(exchange))) {
            Answer job = submit("{\"url\": \"" + receiver.url() + "\"}");
            api.post("/v1/jobs/" + job.id() + "/cancel", "");
            Message first = receiver.next();
            Eventually.becomes(
                    "the attempt is written down",
                    () -> delivery(job.id()).at("/attempts/0/status").intValue() == 500);
            JsonNode waiting = delivery(job.id());
            assertThat(waiting.get("state").textValue()).isEqualTo("pending");
            assertThat(waiting.at("/attempts/0/reply").textValue()).isEqualTo("sorry");
            assertThat(waiting.has("next_attempt_at")).isTrue();

            status.set(200);
            Answer replayed = api.post(DELIVERIES + "/" + first.id() + "/replay", "");
            assertThat(replayed.status()).isEqualTo(202);
            assertThat(receiver.next().id()).isEqualTo(first.id());
            assertThat(settled(job.id()).get("state").textValue()).isEqualTo("delivered");
            // Also what has arrived can be sent again.
            api.post(DELIVERIES + "/" + first.id() + "/replay", "");
            assertThat(receiver.next().id()).isEqualTo(first.id());
            Eventually.becomes(
                    "three attempts", () -> delivery(job.id()).at("/attempts").size() == 3);
            assertThat(api.post(DELIVERIES + "/" + UUID.randomUUID() + "/replay", "")
                            .status())
                    .isEqualTo(404);
        }
    }

    @Test
    void deliveriesAreListedPageByPage() {
        try (Receiver receiver = new Receiver()) {
            Answer created = api.post(ENDPOINTS, "{\"url\": \"" + receiver.url() + "\", \"events\": [\"output\"]}");
            String path = ENDPOINTS + "/" + created.id();
            List<String> sent = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                sent.addFirst(api.post(path + "/test", "").id().toString());
            }
            List<String> seen = new ArrayList<>();
            String query = "?limit=2&endpoint=" + created.id();
            String next = "";
            do {
                Answer page = api.get(DELIVERIES + query + next);
                page.at("/deliveries")
                        .forEach(delivery -> seen.add(delivery.get("id").textValue()));
                next = page.json().has("next_cursor")
                        ? "&cursor=" + page.at("/next_cursor").textValue()
                        : "";
            } while (!next.isEmpty());
            assertThat(seen).isEqualTo(sent);
            assertThat(api.get(DELIVERIES + "?cursor=x").status()).isEqualTo(400);
            assertThat(api.get(DELIVERIES + "?job=x").status()).isEqualTo(400);
            assertThat(api.get(DELIVERIES + "/" + sent.getFirst()).at("/type").textValue())
                    .isEqualTo("webhook.test");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "ftp://example.com/, wrong_scheme",
        "http://me:hunter2@example.com/, userinfo",
        "http://10.0.0.1/, address_refused",
        "http://[::1]/, address_refused",
        "https://example.com/#x, wrong_format",
        "https://exa mple.com/, wrong_format",
        "https:///x, wrong_format",
        "'', too_short"
    })
    void aUrlThatCanNeverBeUsedIsRefusedAtOnce(String url, String code) {
        Answer submitted = submit("{\"url\": \"" + url + "\"}");
        assertThat(submitted.status()).isEqualTo(422);
        assertThat(submitted.at("/errors/0/code").textValue()).isEqualTo(code);
        assertThat(submitted.at("/errors/0/pointer").textValue()).isEqualTo("#/webhook/url");
        assertThat(submitted.text()).doesNotContain("hunter2");
        Answer endpoint = api.post(ENDPOINTS, "{\"url\": \"" + url + "\"}");
        assertThat(endpoint.status()).isEqualTo(422);
        assertThat(endpoint.at("/errors/0/pointer").textValue()).isEqualTo("#/url");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "whsec_short",
                "nosuch_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                // 23 bytes, 65 bytes, base64url, without padding.
                "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                "whsec_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_",
                "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            })
    void aSecretThatIsNoneIsRefusedAndNotRepeated(String secret) {
        Answer submitted = submit("{\"url\": \"https://example.com/\", \"secret\": \"" + secret + "\"}");
        assertThat(submitted.status()).isEqualTo(422);
        assertThat(submitted.at("/errors/0/pointer").textValue()).isEqualTo("#/webhook/secret");
        assertThat(submitted.text()).doesNotContain(secret);
    }

    @Test
    void thereIsABoundToTheEndpointsOfATenant() {
        String all = api.get(ENDPOINTS).text();
        int there = all.split("\"id\"").length - 1;
        List<UUID> made = new ArrayList<>();
        for (int i = there; i < EndpointStore.MOST; i++) {
            made.add(api.post(ENDPOINTS, "{\"url\": \"https://example.com/\"}").id());
        }
        assertThat(api.post(ENDPOINTS, "{\"url\": \"https://example.com/\"}")
                        .at("/code")
                        .textValue())
                .isEqualTo("too_many_endpoints");
        made.forEach(id -> api.delete(ENDPOINTS + "/" + id));
    }

    private static Answer submit(String webhook) {
        return api.post(
                "/v1/jobs",
                "{\"model\": \"shapes\", \"input\": {\"class\": \"square\", \"steps\": 4, \"seed\": 7}, \"webhook\": "
                        + webhook + "}");
    }

    private static Answer patch(String path, String body) {
        return api.send(api.request(path)
                .header("Content-Type", "application/json")
                .method("PATCH", HttpRequest.BodyPublishers.ofString(body)));
    }

    private static JsonNode delivery(UUID job) {
        JsonNode deliveries = api.get(DELIVERIES + "?job=" + job).at("/deliveries");
        assertThat(deliveries).hasSize(1);
        return deliveries.get(0);
    }

    private static JsonNode settled(UUID job) {
        Eventually.becomes(
                "settled", () -> !delivery(job).get("state").textValue().equals("pending"));
        return delivery(job);
    }
}
