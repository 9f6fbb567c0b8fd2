package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.TestApi.Answer;
import dev.safelight.embedded.testing.TestServers;
import java.net.http.HttpRequest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a submit is told when there is no room, and what a job is told about its time. */
class LimitsTest {
    private static TestApi api;

    @BeforeAll
    static void start() {
        api = TestApi.start();
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    @AfterEach
    void lift() {
        api.send(api.request("/v1/tenants/default")
                .header("Content-Type", "application/json")
                .method("PATCH", HttpRequest.BodyPublishers.ofString("{\"most_queued\": null}")));
        api.execute("DELETE FROM job");
        api.execute("DELETE FROM queue");
    }

    @Test
    void aFullQueueIsSaidAndARepeatedSubmitStillGetsItsJob() {
        Answer first = api.submit("Idempotency-Key", "first");
        limit(2);
        assertThat(api.submit().status()).isEqualTo(202);
        Answer full = api.submit();
        assertThat(full.status()).isEqualTo(429);
        assertThat(full.at("/code").textValue()).isEqualTo("queue_full");
        assertThat(full.header("Retry-After")).isEqualTo("5");
        assertThat(full.header("RateLimit-Policy")).isEqualTo("\"queued\";q=2;qu=\"jobs\"");
        assertThat(full.header("RateLimit")).isEqualTo("\"queued\";r=0");
        Answer again = api.submit("Idempotency-Key", "first");
        assertThat(again.status()).isEqualTo(202);
        assertThat(again.id()).isEqualTo(first.id());
        assertThat(api.submit("Idempotency-Key", "second").status()).isEqualTo(429);
        api.post("/v1/jobs/" + first.id() + "/cancel", "");
        assertThat(api.submit("Idempotency-Key", "second").status())
                .as("there is room again")
                .isEqualTo(202);
    }

    @Test
    void aRetryNeedsAPlaceToo() {
        UUID failed = api.submit().id();
        api.run(failed);
        api.end(failed, "failed");
        limit(0);
        assertThat(api.post("/v1/jobs/" + failed + "/retry", "").at("/code").textValue())
                .isEqualTo("queue_full");
    }

    @Test
    void moreThanTheInstallationBearsIsRefused() {
        try (TestApi small = TestApi.start(TestApi.settings(
                TestServers.newDatabase(),
                TestServers.kafka().bootstrapServers(),
                TestServers.newFolder("store"),
                Map.of("SAFELIGHT_BACKLOG", "3")))) {
            for (int i = 0; i < 3; i++) {
                assertThat(small.submit().status()).isEqualTo(202);
            }
            Answer refused = small.submit();
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.at("/code").textValue()).isEqualTo("backlog_full");
            assertThat(refused.header("Retry-After")).isEqualTo("30");
            small.execute("UPDATE job SET state = 'canceled', finished_at = now()");
            Eventually.becomes("there is room again", () -> small.submit().status() == 202);
        }
    }

    @Test
    void aPausedQueueAcceptsAndSaysThatItWaits() {
        String queue = api.get("/v1/models/shapes").at("/queue").textValue();
        assertThat(api.post("/v1/queues/" + queue + "/pause", "").status()).isEqualTo(200);
        Answer job = api.submit();
        assertThat(job.status()).isEqualTo(202);
        Eventually.becomes(
                "it is said that the queue is paused",
                () -> api.get("/v1/jobs/" + job.id())
                        .at("/queue/reason")
                        .asText()
                        .contains("is paused"));
        api.post("/v1/queues/" + queue + "/resume", "");
        Eventually.becomes(
                "it is no longer said",
                () -> !api.get("/v1/jobs/" + job.id())
                        .at("/queue/reason")
                        .asText()
                        .contains("paused"));
    }

    @Test
    void aDrainingQueueTakesNoMore() {
        String queue = api.get("/v1/models/shapes").at("/queue").textValue();
        Answer before = api.submit();
        api.post("/v1/queues/" + queue + "/drain", "");
        Answer refused = api.submit();
        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.at("/code").textValue()).isEqualTo("queue_draining");
        assertThat(refused.header("Retry-After")).isEqualTo("60");
        assertThat(api.get("/v1/jobs/" + before.id()).at("/state").textValue()).isEqualTo("queued");
        assertThat(api.post("/v1/jobs", "{\"model\": \"dots\"}").status())
                .as("another queue")
                .isEqualTo(202);
        api.post("/v1/queues/" + queue + "/resume", "");
        assertThat(api.submit().status()).isEqualTo(202);
    }

    @Test
    void aDeadlineIsATimeOrSecondsFromNow() {
        Answer inSeconds = submit("\"deadline\": 90, \"timeout\": 30");
        assertThat(inSeconds.status()).as(inSeconds.text()).isEqualTo(202);
        Instant created = Instant.parse(inSeconds.at("/created_at").textValue());
        assertThat(Instant.parse(inSeconds.at("/deadline").textValue())).isEqualTo(created.plusSeconds(90));
        assertThat(inSeconds.at("/timeout").intValue()).isEqualTo(30);
        Answer read = api.get("/v1/jobs/" + inSeconds.id());
        assertThat(read.at("/deadline")).isEqualTo(inSeconds.at("/deadline"));
        assertThat(read.at("/timeout").intValue()).isEqualTo(30);

        Answer atATime = submit("\"deadline\": \"2031-01-02T03:04:05+01:00\"");
        assertThat(api.get("/v1/jobs/" + atATime.id()).at("/deadline").textValue())
                .isEqualTo("2031-01-02T02:04:05Z");
        assertThat(api.submit().json().has("deadline")).isFalse();
    }

    @Test
    void whatIsNoTimeIsRefused() {
        for (String bad : List.of(
                "\"deadline\": \"tomorrow\"",
                "\"deadline\": \"2026-13-01T00:00:00Z\"",
                "\"deadline\": \"2026-11-25\"",
                "\"deadline\": \"99999-01-01T00:00:00Z\"",
                "\"deadline\": 0",
                "\"deadline\": -5",
                "\"deadline\": null",
                "\"timeout\": 0",
                "\"timeout\": 1.5",
                "\"timeout\": \"30\"")) {
            Answer answer = submit(bad);
            assertThat(answer.status()).as(bad).isEqualTo(422);
            assertThat(answer.at("/errors/0/pointer").textValue()).isIn("#/deadline", "#/timeout");
        }
    }

    /** Not an error: whoever repeats a submit with its key, late, must still get its job. */
    @Test
    void aJobWhoseDeadlineHasPassedExpires() {
        Answer late = submit("\"deadline\": \"2020-01-01T00:00:00Z\"");
        assertThat(late.status()).isEqualTo(202);
        Eventually.becomes(
                "it is expired",
                () -> api.get("/v1/jobs/" + late.id()).at("/state").asText().equals("expired"));
    }

    @Test
    void aRetryKeepsTheTimeoutAndNotTheDeadline() {
        UUID job = submit("\"deadline\": 1000, \"timeout\": 77").id();
        api.run(job);
        api.end(job, "failed");
        Answer retry = api.post("/v1/jobs/" + job + "/retry", "");
        assertThat(retry.at("/timeout").intValue()).isEqualTo(77);
        assertThat(retry.json().has("deadline")).isFalse();
    }

    @Test
    void aBatchAnswersForEachOfItsRequests() {
        Answer known = api.submit("Idempotency-Key", "known");
        Answer other = api.post("/v1/jobs", "{\"model\": \"dots\"}", "Idempotency-Key", "reused");
        String shapes = TestApi.JOB.substring(1);
        Answer batch = api.post(
                "/v1/jobs:batch",
                "{\"requests\": [" + TestApi.JOB
                        + ", {\"idempotency_key\": \"known\", " + shapes
                        + ", {\"idempotency_key\": \"reused\", " + shapes
                        + ", {\"model\": \"shapes\", \"input\": {\"steps\": 0}}"
                        + ", {\"modell\": \"shapes\"}"
                        + ", {\"idempotency_key\": 7, " + shapes
                        + ", {\"idempotency_key\": \"new\", " + shapes
                        + ", {\"idempotency_key\": \"new\", " + shapes + "]}");
        assertThat(batch.status()).as(batch.text()).isEqualTo(200);
        List<Integer> statuses = new ArrayList<>();
        batch.at("/results").forEach(result -> statuses.add(result.get("status").intValue()));
        assertThat(statuses).containsExactly(202, 202, 422, 422, 422, 422, 202, 202);
        assertThat(batch.at("/results/1/job/id").textValue())
                .isEqualTo(known.id().toString());
        assertThat(batch.at("/results/1/replayed").booleanValue()).isTrue();
        assertThat(batch.at("/results/2/problem/code").textValue()).isEqualTo("idempotency_key_reused");
        assertThat(batch.at("/results/3/problem/errors/0/pointer").textValue()).isEqualTo("#/requests/3/input/steps");
        assertThat(batch.at("/results/4/problem/errors")).hasSize(2);
        assertThat(batch.at("/results/5/problem/errors/0/pointer").textValue())
                .isEqualTo("#/requests/5/idempotency_key");
        assertThat(batch.at("/results/7/job/id")).as("twice in one batch").isEqualTo(batch.at("/results/6/job/id"));
        assertThat(api.jobs()).as("two before, two of the batch").isEqualTo(4);
        assertThat(other.status()).isEqualTo(202);
        String made = batch.at("/results/0/job/id").textValue();
        assertThat(api.get("/v1/jobs/" + made).at("/input/seed").intValue()).isEqualTo(7);
    }

    @Test
    void fiveHundredGoInOneTransactionAndMoreAreRefused() {
        StringBuilder requests = new StringBuilder(TestApi.JOB);
        for (int i = 1; i < 500; i++) {
            requests.append(", {\"model\": \"dots\", \"metadata\": {\"blanks\": \"")
                    .append(" ".repeat(1000))
                    .append("\"}}");
        }
        Answer batch = api.post("/v1/jobs:batch", "{\"requests\": [" + requests + "]}");
        assertThat(batch.status()).isEqualTo(200);
        assertThat(batch.at("/results"))
                .hasSize(500)
                .allMatch(result -> result.get("status").intValue() == 202);
        long transactions = api.database()
                .jdbi()
                .withHandle(handle -> handle.createQuery("SELECT count(DISTINCT xmin::text) FROM job")
                        .mapTo(long.class)
                        .one());
        assertThat(transactions).isEqualTo(1);
        Answer more = api.post("/v1/jobs:batch", "{\"requests\": [" + requests + ", " + TestApi.JOB + "]}");
        assertThat(more.status()).isEqualTo(422);
        assertThat(more.at("/errors/0/code").textValue()).isEqualTo("too_many");
        assertThat(api.post("/v1/jobs:batch", "{\"requests\": []}").status()).isEqualTo(422);
    }

    @Test
    void anAtomicBatchIsAllOrNothing() {
        api.post("/v1/jobs", "{\"model\": \"dots\"}", "Idempotency-Key", "taken");
        String good = "{\"idempotency_key\": \"good\", " + TestApi.JOB.substring(1);
        String reused = "{\"idempotency_key\": \"taken\", " + TestApi.JOB.substring(1);
        String wrong = "{\"model\": \"shapes\", \"input\": {\"steps\": 0}}";
        Answer invalid = atomic(good, wrong);
        assertThat(invalid.status()).isEqualTo(422);
        assertThat(invalid.at("/errors/0/pointer").textValue()).isEqualTo("#/requests/1/input/steps");
        Answer conflict = atomic(good, reused);
        assertThat(conflict.status()).isEqualTo(422);
        assertThat(conflict.at("/code").textValue()).isEqualTo("idempotency_key_reused");
        assertThat(conflict.at("/detail").textValue()).contains("#/requests/1");
        limit(2);
        Answer full = atomic(good, TestApi.JOB);
        assertThat(full.status()).isEqualTo(429);
        assertThat(full.header("RateLimit-Policy")).contains("q=2");
        assertThat(api.jobs()).as("none of them").isEqualTo(1);

        limit(3);
        Answer made = atomic(good, TestApi.JOB);
        assertThat(made.status()).as(made.text()).isEqualTo(200);
        assertThat(api.jobs()).isEqualTo(3);
        // Repeated, nothing is made again.
        Answer again = atomic(good);
        assertThat(again.at("/results/0/replayed").booleanValue()).isTrue();
        assertThat(again.at("/results/0/job/id")).isEqualTo(made.at("/results/0/job/id"));
    }

    @Test
    void ofABatchAsManyGoInAsHaveAPlace() {
        limit(3);
        Answer batch = api.post(
                "/v1/jobs:batch", "{\"requests\": [" + String.join(", ", Collections.nCopies(5, TestApi.JOB)) + "]}");
        List<Integer> statuses = new ArrayList<>();
        for (JsonNode result : batch.at("/results")) {
            statuses.add(result.get("status").intValue());
        }
        assertThat(statuses).containsExactlyInAnyOrder(202, 202, 202, 429, 429);
        assertThat(api.jobs()).isEqualTo(3);
    }

    private static Answer atomic(String... requests) {
        return api.post("/v1/jobs:batch", "{\"atomic\": true, \"requests\": [" + String.join(", ", requests) + "]}");
    }

    private static void limit(int mostQueued) {
        Answer changed = api.send(api.request("/v1/tenants/default")
                .header("Content-Type", "application/json")
                .method("PATCH", HttpRequest.BodyPublishers.ofString("{\"most_queued\": " + mostQueued + "}")));
        assertThat(changed.status()).as(changed.text()).isEqualTo(200);
    }

    private static Answer submit(String more) {
        return api.post("/v1/jobs", "{\"model\": \"shapes\", \"input\": {\"steps\": 4}, " + more + "}");
    }
}
