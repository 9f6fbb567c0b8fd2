package dev.safelight.api.query;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.Eventually;
import dev.safelight.api.TestApi;
import dev.safelight.api.TestApi.Answer;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a queued job is told about its turn. */
class QueueStandingTest {
    private TestApi api;
    private String queue;

    @BeforeEach
    void start() {
        api = TestApi.start();
        queue = api.get("/v1/models/shapes").at("/queue").textValue();
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @Test
    void urgencyComesFirstThenAge() {
        UUID low = submit("low");
        UUID first = submit("normal");
        UUID second = submit("normal");
        UUID high = submit("high");
        // Another queue's jobs are in nobody's way.
        api.post("/v1/jobs", "{\"model\": \"dots\", \"priority\": \"high\"}");
        assertThat(position(high)).isEqualTo(1);
        assertThat(position(first)).isEqualTo(2);
        assertThat(position(second)).isEqualTo(3);
        assertThat(position(low)).isEqualTo(4);

        // Another tenant's jobs are; what runs or has ended is not.
        api.execute("UPDATE job SET tenant_id = 'somebody-else' WHERE job_id = ?", first);
        assertThat(position(second)).isEqualTo(3);
        api.run(high);
        api.post("/v1/jobs/" + low + "/cancel", "");
        assertThat(position(second)).isEqualTo(2);
    }

    @Test
    void positionsAreExactUpToAThousand() {
        // Older than what is submitted now.
        api.execute(
                "INSERT INTO job (tenant_id, job_id, queue, model, bundle, input, steps)"
                        + " SELECT 'default', uuidv7(interval '-1 hour'), ?, 'shapes', 'b', '{}', 1 FROM generate_series(1, 999)",
                queue);
        UUID thousandth = submit("normal");
        Answer exact = api.get("/v1/jobs/" + thousandth);
        assertThat(exact.at("/queue/position").intValue()).isEqualTo(1000);
        assertThat(exact.at("/queue").has("at_least")).isFalse();
        UUID next = submit("normal");
        Answer beyond = api.get("/v1/jobs/" + next);
        assertThat(beyond.at("/queue/position").intValue()).isEqualTo(1000);
        assertThat(beyond.at("/queue/at_least").booleanValue()).isTrue();
    }

    @Test
    void whyNothingWillStartItIsSaidInPlainWords() {
        UUID job = submit("normal");
        assertThat(reason(job))
                .isEqualTo("no worker serves model shapes in queue " + queue + ": no worker is running; start one");

        worker("another", "{shapes}", 1, 0, 0);
        Eventually.becomes("another queue's worker", () -> reason(job).contains("other queues or models"));
        api.execute("DELETE FROM worker");
        worker(queue, "{dots}", 1, 0, 0);
        assertThat(reason(job)).contains("other queues or models");

        api.execute("DELETE FROM worker");
        worker(queue, "{shapes}", 1, 0, 0);
        Eventually.becomes("a worker", () -> reason(job) == null);

        api.execute("UPDATE worker SET draining = true");
        Eventually.becomes("it drains", () -> reason(job) != null);
        assertThat(reason(job)).contains("shutting down");

        api.execute("UPDATE worker SET draining = false, beat_at = now() - interval '16 seconds'");
        Eventually.becomes("it is silent", () -> reason(job).contains("no worker is running"));
    }

    @Test
    void aSubmitIsToldThatNoWorkerServesIt() {
        assertThat(api.submit().at("/queue/reason").textValue()).contains("no worker is running");
        worker(queue, "{shapes}", 1, 0, 0);
        Eventually.becomes("a worker", () -> api.submit().at("/queue/reason").isMissingNode());
    }

    @Test
    void theStartIsEstimatedFromWhatRunsNow() {
        worker(queue, "{shapes}", 2, 0, 2);
        // Two jobs, each half done after ten seconds: one job every ten seconds, taken together.
        for (int i = 0; i < 2; i++) {
            UUID running = submit("high");
            api.run(running);
            api.execute(
                    "UPDATE job SET step = 2, started_at = now() - interval '10 seconds' WHERE job_id = ?", running);
        }
        UUID first = submit("normal");
        UUID second = submit("normal");
        Eventually.becomes("the workers are known", () -> estimate(first) != null);
        Instant now = Instant.now();
        assertThat(estimate(first)).isBetween(now.plusSeconds(5), now.plusSeconds(20));
        assertThat(estimate(second)).isBetween(now.plusSeconds(15), now.plusSeconds(40));
    }

    @Test
    void withAFreeSlotTheStartIsNowAndWithoutAnySpeedUnknown() {
        worker(queue, "{shapes}", 1, 0, 0);
        UUID first = submit("normal");
        UUID second = submit("normal");
        Eventually.becomes("the workers are known", () -> estimate(first) != null);
        assertThat(estimate(first)).isBefore(Instant.now().plusSeconds(1));
        assertThat(estimate(second)).isNull();
    }

    /** A client that polls gets nothing new while the job stands where it stood, though the estimate moves with the clock. */
    @Test
    void theTagDoesNotChangeWithTheTimeOfDay() {
        worker(queue, "{shapes}", 1, 0, 0);
        UUID first = submit("normal");
        Eventually.becomes("the workers are known", () -> estimate(first) != null);
        Answer before = api.get("/v1/jobs/" + first);
        Eventually.becomes(
                "the estimate moves",
                () -> !estimate(first)
                        .toString()
                        .equals(before.at("/queue/estimated_start").textValue()));
        Answer after = api.get("/v1/jobs/" + first, "If-None-Match", before.header("ETag"));
        assertThat(after.status()).isEqualTo(304);
        assertThat(after.header("ETag")).isEqualTo(before.header("ETag")).startsWith("W/\"");

        // What is more than a guess is news.
        submit("high");
        assertThat(api.get("/v1/jobs/" + first, "If-None-Match", before.header("ETag"))
                        .status())
                .isEqualTo(200);
    }

    private UUID submit(String priority) {
        Answer answer = api.post(
                "/v1/jobs", "{\"model\": \"shapes\", \"priority\": \"" + priority + "\", \"input\": {\"steps\": 4}}");
        assertThat(answer.status()).isEqualTo(202);
        return answer.id();
    }

    private int position(UUID job) {
        Answer answer = api.get("/v1/jobs/" + job);
        assertThat(answer.at("/queue/name").textValue()).isEqualTo(queue);
        return answer.at("/queue/position").intValue();
    }

    private String reason(UUID job) {
        return api.get("/v1/jobs/" + job).at("/queue/reason").textValue();
    }

    private Instant estimate(UUID job) {
        String text = api.get("/v1/jobs/" + job).at("/queue/estimated_start").textValue();
        return text == null ? null : Instant.parse(text);
    }

    private void worker(String servedQueue, String models, int slots, int headroom, int running) {
        api.execute(
                "INSERT INTO worker (worker_id, host, device, queues, models, slots, headroom, running)"
                        + " VALUES (gen_random_uuid(), 'h', 'cpu', ARRAY[?], ?::text[], ?, ?, ?)",
                servedQueue,
                models,
                slots,
                headroom,
                running);
    }
}
