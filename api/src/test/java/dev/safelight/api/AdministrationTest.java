package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.TestApi.Answer;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Tenants, keys and queues by the routes of those who look after them. */
class AdministrationTest {
    private static TestApi api;

    @BeforeAll
    static void start() {
        api = TestApi.startWithKeys();
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    @Test
    void aTenantIsMadeChangedAndListed() {
        Answer made = admin("POST", "/v1/tenants", "{\"id\": \"paper\", \"weight\": 2.5, \"most_queued\": 100}");
        assertThat(made.status()).as(made.text()).isEqualTo(201);
        assertThat(made.header("Location")).isEqualTo("/v1/tenants/paper");
        assertThat(made.at("/weight").doubleValue()).isEqualTo(2.5);
        assertThat(made.at("/most_queued").intValue()).isEqualTo(100);
        assertThat(made.at("/most_running").isNull()).isTrue();

        Answer changed = admin(
                "PATCH",
                "/v1/tenants/paper",
                "{\"most_queued\": null, \"most_running\": 3, \"requests_per_second\": 0.5, \"outputs_expire_in\": 60}");
        assertThat(changed.status()).as(changed.text()).isEqualTo(200);
        assertThat(changed.at("/most_queued").isNull()).isTrue();
        assertThat(changed.at("/outputs_expire_in").intValue()).isEqualTo(60);
        assertThat(changed.at("/most_running").intValue()).isEqualTo(3);
        assertThat(changed.at("/requests_per_second").doubleValue()).isEqualTo(0.5);
        assertThat(changed.at("/weight").doubleValue())
                .as("what is not named stays")
                .isEqualTo(2.5);
        assertThat(admin("GET", "/v1/tenants/paper", "").json()).isEqualTo(changed.json());
        assertThat(admin("GET", "/v1/tenants", "").text()).contains("\"default\"", "\"paper\"");
    }

    @Test
    void whatNoTenantCanBeIsRefused() {
        assertThat(admin("POST", "/v1/tenants", "{\"id\": \"default\"}")
                        .at("/code")
                        .textValue())
                .isEqualTo("tenant_exists");
        assertThat(admin("POST", "/v1/tenants", "{\"id\": \"No Way\"}").status())
                .isEqualTo(422);
        assertThat(admin("PATCH", "/v1/tenants/default", "{\"weight\": 0}").status())
                .isEqualTo(422);
        assertThat(admin("PATCH", "/v1/tenants/default", "{\"weight\": null}").status())
                .isEqualTo(422);
        assertThat(admin("PATCH", "/v1/tenants/default", "{\"most_queued\": -1}")
                        .status())
                .isEqualTo(422);
        assertThat(admin("PATCH", "/v1/tenants/default", "{\"most_queue\": 1}").status())
                .isEqualTo(422);
        assertThat(admin("PATCH", "/v1/tenants/nobody", "{}").status()).isEqualTo(404);
        assertThat(admin("GET", "/v1/tenants/No%20Way", "").status()).isEqualTo(404);
    }

    @Test
    void aKeyIsShownOnceAndWorksUntilItIsRevoked() {
        Answer made =
                admin("POST", "/v1/keys", "{\"name\": \"laptop\", \"scopes\": [\"jobs:read\"], \"expires_in\": 3600}");
        assertThat(made.status()).as(made.text()).isEqualTo(201);
        assertThat(made.header("Cache-Control")).isEqualTo("no-store");
        String key = made.at("/key").textValue();
        String id = made.at("/id").textValue();
        assertThat(key).startsWith("sl_" + id + "_");
        assertThat(Duration.between(
                        Instant.now(), Instant.parse(made.at("/expires_at").textValue())))
                .isBetween(Duration.ofMinutes(58), Duration.ofMinutes(60));
        assertThat(send("GET", "/v1/jobs", key, "").status()).isEqualTo(200);
        assertThat(send("POST", "/v1/jobs", key, TestApi.JOB).status()).isEqualTo(403);

        Answer listed = admin("GET", "/v1/keys?tenant=default", "");
        assertThat(listed.text()).contains(id, "laptop").doesNotContain(key, key.substring(14));
        Answer revoked = admin("DELETE", "/v1/keys/" + id, "");
        assertThat(revoked.at("/state").textValue()).isEqualTo("revoked");
        assertThat(admin("DELETE", "/v1/keys/" + id, "").at("/revoked_at"))
                .as("once is enough")
                .isEqualTo(revoked.at("/revoked_at"));
        Eventually.becomes(
                "the key is refused", () -> send("GET", "/v1/jobs", key, "").status() == 401);
        assertThat(admin("DELETE", "/v1/keys/0000000000", "").status()).isEqualTo(404);
    }

    @Test
    void aRotatedKeyIsFollowedByAnother() {
        Answer old = admin("POST", "/v1/keys", "{\"name\": \"server\", \"scopes\": [\"jobs:read\", \"jobs:write\"]}");
        String rotate = "/v1/keys/" + old.at("/id").textValue() + "/rotate";
        Answer made = admin("POST", rotate, "{\"overlap\": 600}");
        assertThat(made.status()).as(made.text()).isEqualTo(201);
        assertThat(made.at("/scopes")).isEqualTo(old.at("/scopes"));
        assertThat(made.at("/name")).isEqualTo(old.at("/name"));
        assertThat(send("GET", "/v1/jobs", made.at("/key").textValue(), "").status())
                .isEqualTo(200);
        assertThat(send("GET", "/v1/jobs", old.at("/key").textValue(), "").status())
                .as("for ten minutes both count")
                .isEqualTo(200);
        assertThat(admin("POST", rotate, "{}").at("/code").textValue()).isEqualTo("key_ended");
        assertThat(admin("POST", "/v1/keys/0000000000/rotate", "{}").status()).isEqualTo(404);
    }

    @Test
    void whatNoKeyCanBeIsRefused() {
        assertThat(admin("POST", "/v1/keys", "{\"name\": \"x\", \"scopes\": []}")
                        .at("/errors/0/code")
                        .textValue())
                .isEqualTo("too_few");
        assertThat(admin("POST", "/v1/keys", "{\"name\": \"x\", \"scopes\": [\"root\"]}")
                        .status())
                .isEqualTo(422);
        Answer nobody = admin("POST", "/v1/keys", "{\"name\": \"x\", \"scopes\": [\"admin\"], \"tenant\": \"nobody\"}");
        assertThat(nobody.status()).isEqualTo(422);
        assertThat(nobody.at("/errors/0/code").textValue()).isEqualTo("unknown_tenant");
    }

    @Test
    void aTenantThatAsksTooOftenIsToldWhenToComeBack() {
        admin("POST", "/v1/tenants", "{\"id\": \"hasty\", \"requests_per_second\": 0.01, \"burst\": 2}");
        String key = admin("POST", "/v1/keys", "{\"name\": \"x\", \"scopes\": [\"jobs:read\"], \"tenant\": \"hasty\"}")
                .at("/key")
                .textValue();
        Answer first = send("GET", "/v1/jobs", key, "");
        assertThat(first.status()).isEqualTo(200);
        assertThat(first.header("RateLimit-Policy")).isEqualTo("\"requests\";q=2;w=200");
        assertThat(first.header("RateLimit")).startsWith("\"requests\";r=1;t=");
        assertThat(send("GET", "/v1/workers", key, "").status())
                .as("it counts too")
                .isEqualTo(403);
        Answer third = send("GET", "/v1/jobs", key, "");
        assertThat(third.status()).isEqualTo(429);
        assertThat(third.at("/code").textValue()).isEqualTo("rate_limited");
        assertThat(third.header("RateLimit")).startsWith("\"requests\";r=0;t=");
        assertThat(Integer.parseInt(third.header("Retry-After"))).isBetween(1, 100);
        // Health is for everybody, and other tenants have their own.
        assertThat(send("GET", "/health/live", key, "").status()).isEqualTo(200);
        assertThat(admin("GET", "/v1/workers", "").header("RateLimit")).isNull();
    }

    @Test
    void aQueueIsPausedDrainedAndResumed() {
        String queue = "queue-" + UUID.randomUUID();
        assertThat(admin("GET", "/v1/queues", "").text()).doesNotContain(queue);
        Answer paused = admin("POST", "/v1/queues/" + queue + "/pause", "");
        assertThat(paused.status()).as(paused.text()).isEqualTo(200);
        assertThat(paused.at("/state").textValue()).isEqualTo("paused");
        Answer again = admin("POST", "/v1/queues/" + queue + "/pause", "");
        assertThat(again.at("/changed_at")).isEqualTo(paused.at("/changed_at"));
        assertThat(admin("POST", "/v1/queues/" + queue + "/drain", "")
                        .at("/state")
                        .textValue())
                .isEqualTo("draining");
        assertThat(admin("GET", "/v1/queues", "").text()).contains(queue);
        assertThat(admin("POST", "/v1/queues/" + queue + "/resume", "")
                        .at("/state")
                        .textValue())
                .isEqualTo("open");
        assertThat(admin("POST", "/v1/queues/a%20b/pause", "").status()).isEqualTo(404);
    }

    private static Answer admin(String method, String path, String body) {
        return send(method, path, TestApi.ADMIN_KEY, body);
    }

    private static Answer send(String method, String path, String key, String body) {
        HttpRequest.Builder request = api.request(path)
                .header("Authorization", "Bearer " + key)
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body));
        return api.send(body.isEmpty() ? request : request.header("Content-Type", "application/json"));
    }
}
