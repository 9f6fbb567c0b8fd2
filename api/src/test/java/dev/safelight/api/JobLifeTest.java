package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.TestApi.Answer;
import dev.safelight.common.job.JobState;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What each route does with a job in each state. */
class JobLifeTest {
    private static final byte[] IMAGE = "not quite a picture".getBytes(StandardCharsets.UTF_8);

    private static TestApi api;

    @BeforeAll
    static void start() {
        api = TestApi.start();
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    @Test
    void aSubmittedJobIsDurableAndResolved() {
        Answer answer = api.post(
                "/v1/jobs",
                "{\"model\": \"shapes\", \"input\": {\"class\": \"circle\"}, \"priority\": \"high\", \"metadata\": {\"a\": [1, 0.5]}}");
        assertThat(answer.status()).as(answer.text()).isEqualTo(202);
        UUID id = answer.id();
        assertThat(answer.header("Location")).isEqualTo("/v1/jobs/" + id);
        assertThat(answer.header("Retry-After")).isEqualTo("1");
        assertThat(answer.header("Idempotent-Replayed")).isNull();
        assertThat(answer.at("/state").textValue()).isEqualTo("queued");
        assertThat(answer.at("/progress").toString()).isEqualTo("{\"step\":0,\"of\":10}");

        Answer read = api.get(answer.header("Location"));
        assertThat(read.status()).isEqualTo(200);
        assertThat(read.at("/input")).isEqualTo(answer.at("/input"));
        assertThat(read.at("/input/class").textValue()).isEqualTo("circle");
        assertThat(read.at("/input/sampler").textValue()).isEqualTo("ddim");
        assertThat(read.at("/input/steps").intValue()).isEqualTo(10);
        assertThat(read.at("/input/guidance").doubleValue()).isEqualTo(2);
        assertThat(read.at("/input/seed").isIntegralNumber()).isTrue();
        assertThat(read.at("/input/count").intValue()).isEqualTo(1);
        assertThat(read.at("/input/eta").doubleValue()).isZero();
        assertThat(read.at("/input/spacing").textValue()).isEqualTo("trailing");
        assertThat(read.at("/input/strict").booleanValue()).isFalse();
        assertThat(read.at("/metadata").toString()).isEqualTo("{\"a\":[1,0.5]}");
        assertThat(read.at("/priority").textValue()).isEqualTo("high");
        assertThat(read.at("/attempt").intValue()).isZero();
        assertThat(read.at("/created_at")).isEqualTo(answer.at("/created_at"));
        assertThat(read.at("/urls/self").textValue()).isEqualTo("/v1/jobs/" + id);
    }

    @Test
    void withoutInputEveryDefaultIsFilledInAndSeedsDiffer() {
        Answer first = api.post("/v1/jobs", "{\"model\": \"dots\"}");
        Answer second = api.post("/v1/jobs", "{\"model\": \"dots\"}");
        assertThat(first.status()).isEqualTo(202);
        assertThat(first.at("/input").has("class")).isFalse();
        assertThat(first.at("/input/guidance").doubleValue()).isEqualTo(1);
        assertThat(first.at("/input/seed").longValue())
                .isBetween(0L, (1L << 53) - 1)
                .isNotEqualTo(second.at("/input/seed").longValue());
        assertThat(first.at("/priority").textValue()).isEqualTo("normal");
    }

    @ParameterizedTest
    @CsvSource({"7, 7", "7.0, 7", "0, 0", "9007199254740988, 9007199254740988"})
    void aSeedIsKeptExactly(String sent, long kept) {
        Answer answer =
                api.post("/v1/jobs", "{\"model\": \"shapes\", \"input\": {\"seed\": " + sent + ", \"steps\": 3.0}}");
        assertThat(answer.status()).as(answer.text()).isEqualTo(202);
        Answer read = api.get("/v1/jobs/" + answer.id());
        assertThat(read.at("/input/seed").longValue()).isEqualTo(kept);
        assertThat(read.at("/input/steps").toString()).isEqualTo("3");
    }

    @Test
    void aTraceContextIsKeptAndNonsenseIsDropped() {
        String trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assertThat(traceOf(api.submit("traceparent", trace).id())).isEqualTo(trace);
        assertThat(traceOf(api.submit("traceparent", "00-nonsense").id())).isNull();
    }

    @Test
    void aRunningJobShowsItsAttemptAndStep() {
        UUID id = api.submit().id();
        api.run(id);
        api.execute("UPDATE job SET step = 3 WHERE job_id = ?", id);
        Answer answer = api.get("/v1/jobs/" + id);
        assertThat(answer.at("/state").textValue()).isEqualTo("running");
        assertThat(answer.at("/attempt").intValue()).isEqualTo(1);
        assertThat(answer.at("/started_at").isTextual()).isTrue();
        assertThat(answer.at("/progress").toString()).isEqualTo("{\"step\":3,\"of\":4}");
        assertThat(answer.json().has("queue")).isFalse();
        assertThat(answer.json().has("finished_at")).isFalse();
    }

    @Test
    void aSucceededJobShowsItsOutputs() {
        UUID id = succeeded();
        Answer answer = api.get("/v1/jobs/" + id);
        assertThat(answer.at("/state").textValue()).isEqualTo("succeeded");
        assertThat(answer.at("/finished_at").isTextual()).isTrue();
        assertThat(answer.at("/progress").toString()).isEqualTo("{\"step\":4,\"of\":4}");
        assertThat(answer.at("/outputs")).hasSize(1);
        assertThat(answer.at("/outputs/0/index").intValue()).isZero();
        assertThat(answer.at("/outputs/0/width").intValue()).isEqualTo(4);
        assertThat(answer.at("/outputs/0/content_type").textValue()).isEqualTo("image/png");
        assertThat(answer.at("/outputs/0/sha256").textValue()).hasSize(64);
        assertThat(answer.at("/outputs/0/seed").longValue()).isEqualTo(7);
        assertThat(api.get(answer.at("/outputs/0/url").textValue()).bytes()).isEqualTo(IMAGE);
    }

    @Test
    void aFailedJobSaysWhyAndAJobThatGoesOnSaysWhatWentWrong() {
        UUID failed = ended("failed");
        assertThat(api.get("/v1/jobs/" + failed).at("/error").toString())
                .isEqualTo("{\"code\":\"broken\",\"message\":\"It broke.\"}");

        UUID again = api.submit().id();
        api.execute(
                "UPDATE job SET attempt = 1, error = '{\"code\": \"worker_lost\", \"message\": \"Gone.\"}' WHERE job_id = ?",
                again);
        Answer answer = api.get("/v1/jobs/" + again);
        assertThat(answer.json().has("error")).isFalse();
        assertThat(answer.at("/last_error/code").textValue()).isEqualTo("worker_lost");
    }

    @Test
    void anUnchangedJobIsNotSentAgain() {
        UUID id = succeeded();
        String tag = api.get("/v1/jobs/" + id).header("ETag");
        assertThat(tag).matches("\"[0-9a-f]{32}\"");
        Answer unchanged = api.get("/v1/jobs/" + id, "If-None-Match", tag);
        assertThat(unchanged.status()).isEqualTo(304);
        assertThat(unchanged.bytes()).isEmpty();
        assertThat(unchanged.header("ETag")).isEqualTo(tag);
        assertThat(api.get("/v1/jobs/" + id, "If-None-Match", "\"other\", W/" + tag)
                        .status())
                .isEqualTo(304);
        assertThat(api.get("/v1/jobs/" + id, "If-None-Match", "\"other\"").status())
                .isEqualTo(200);

        UUID running = api.submit().id();
        api.run(running);
        String before = api.get("/v1/jobs/" + running).header("ETag");
        api.execute("UPDATE job SET step = 2 WHERE job_id = ?", running);
        assertThat(api.get("/v1/jobs/" + running, "If-None-Match", before).status())
                .isEqualTo(200);
    }

    @Test
    void aQueuedJobIsCanceledAtOnce() {
        UUID id = api.submit().id();
        Answer answer = api.post("/v1/jobs/" + id + "/cancel", "");
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        assertThat(answer.at("/state").textValue()).isEqualTo("canceled");
        assertThat(answer.at("/finished_at").isTextual()).isTrue();
        assertThat(events(id)).isEqualTo("canceled");
    }

    @Test
    void aRunningJobIsAskedToStop() {
        UUID id = api.submit().id();
        api.run(id);
        Answer answer = api.post("/v1/jobs/" + id + "/cancel", "");
        assertThat(answer.status()).isEqualTo(202);
        assertThat(answer.at("/state").textValue()).isEqualTo("running");
        String asked = answer.at("/cancel_requested_at").textValue();
        assertThat(asked).isNotNull();
        assertThat(events(id)).isEmpty();
        // Asking twice changes nothing.
        Answer again = api.post("/v1/jobs/" + id + "/cancel", "");
        assertThat(again.status()).isEqualTo(202);
        assertThat(again.at("/cancel_requested_at").textValue()).isEqualTo(asked);
    }

    @ParameterizedTest
    @EnumSource(
            value = JobState.class,
            names = {"SUCCEEDED", "FAILED", "CANCELED", "EXPIRED"})
    void aTerminalJobCannotBeCanceled(JobState state) {
        UUID id = ended(state.word());
        Answer answer = api.post("/v1/jobs/" + id + "/cancel", "");
        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.at("/code").textValue()).isEqualTo("already_terminal");
        assertThat(answer.at("/detail").textValue()).contains(state.word());
        assertThat(api.get("/v1/jobs/" + id).at("/state").textValue()).isEqualTo(state.word());
    }

    @ParameterizedTest
    @EnumSource(
            value = JobState.class,
            names = {"SUCCEEDED", "FAILED", "CANCELED", "EXPIRED"})
    void aTerminalJobCanBeRemoved(JobState state) {
        UUID id = ended(state.word());
        assertThat(api.delete("/v1/jobs/" + id).status()).isEqualTo(204);
        assertThat(api.get("/v1/jobs/" + id).status()).isEqualTo(404);
        assertThat(api.delete("/v1/jobs/" + id).status()).isEqualTo(404);
    }

    @Test
    void theOutputsGoWithTheJob() {
        UUID id = succeeded();
        assertThat(api.store().resolve("outputs/default/" + id + "/1/0.png")).exists();
        assertThat(api.delete("/v1/jobs/" + id).status()).isEqualTo(204);
        assertThat(api.store().resolve("outputs/default/" + id + "/1/0.png")).doesNotExist();
        assertThat(api.get("/v1/jobs/" + id + "/outputs/0").status()).isEqualTo(404);
    }

    @Test
    void aJobThatGoesOnCannotBeRemoved() {
        UUID queued = api.submit().id();
        UUID running = api.submit().id();
        api.run(running);
        for (UUID id : new UUID[] {queued, running}) {
            Answer answer = api.delete("/v1/jobs/" + id);
            assertThat(answer.status()).isEqualTo(409);
            assertThat(answer.at("/code").textValue()).isEqualTo("not_terminal");
            assertThat(api.get("/v1/jobs/" + id).status()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = JobState.class,
            names = {"FAILED", "CANCELED", "EXPIRED"})
    void aRetryIsANewJobWithTheSameInput(JobState state) {
        UUID old = ended(state.word());
        Answer answer = api.post("/v1/jobs/" + old + "/retry", "");
        assertThat(answer.status()).as(answer.text()).isEqualTo(202);
        assertThat(answer.id()).isNotEqualTo(old);
        assertThat(answer.header("Location")).isEqualTo("/v1/jobs/" + answer.id());
        Answer before = api.get("/v1/jobs/" + old);
        Answer after = api.get("/v1/jobs/" + answer.id());
        assertThat(before.at("/state").textValue()).isEqualTo(state.word());
        assertThat(after.at("/state").textValue()).isEqualTo("queued");
        assertThat(after.at("/retry_of").textValue()).isEqualTo(old.toString());
        assertThat(after.at("/input")).isEqualTo(before.at("/input"));
        assertThat(after.at("/progress/of")).isEqualTo(before.at("/progress/of"));
    }

    @Test
    void aRetryCanBeSentTwiceUnderOneKey() {
        UUID old = ended("failed");
        Answer first = api.post("/v1/jobs/" + old + "/retry", "", "Idempotency-Key", "retry-" + old);
        Answer second = api.post("/v1/jobs/" + old + "/retry", "", "Idempotency-Key", "retry-" + old);
        assertThat(second.id()).isEqualTo(first.id());
        assertThat(second.header("Idempotent-Replayed")).isEqualTo("true");
        UUID other = ended("failed");
        assertThat(api.post("/v1/jobs/" + other + "/retry", "", "Idempotency-Key", "retry-" + old)
                        .status())
                .isEqualTo(422);
    }

    @ParameterizedTest
    @CsvSource({"queued, not_terminal", "running, not_terminal", "succeeded, succeeded"})
    void aJobThatNeedsNoRetryGetsNone(String state, String code) {
        UUID id = state.equals("queued") ? api.submit().id() : ended(state);
        long before = api.jobs();
        Answer answer = api.post("/v1/jobs/" + id + "/retry", "");
        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.at("/code").textValue()).isEqualTo(code);
        assertThat(api.jobs()).isEqualTo(before);
    }

    @Test
    void aRetryThatTheModelNoLongerTakesIsRefused() {
        UUID id = ended("failed");
        api.execute("UPDATE job SET input = input || '{\"steps\": 5000}' WHERE job_id = ?", id);
        Answer outgrown = api.post("/v1/jobs/" + id + "/retry", "");
        assertThat(outgrown.status()).isEqualTo(409);
        assertThat(outgrown.at("/errors/0/pointer").textValue()).isEqualTo("#/input/steps");
        api.execute("UPDATE job SET model = 'gone' WHERE job_id = ?", id);
        Answer gone = api.post("/v1/jobs/" + id + "/retry", "");
        assertThat(gone.status()).isEqualTo(409);
        assertThat(gone.at("/code").textValue()).isEqualTo("unknown_model");
    }

    @Test
    void anUnknownJobIsNotFoundOnEveryRoute() {
        String job = "/v1/jobs/" + UUID.randomUUID();
        assertThat(api.get(job).status()).isEqualTo(404);
        assertThat(api.delete(job).status()).isEqualTo(404);
        assertThat(api.post(job + "/cancel", "").status()).isEqualTo(404);
        assertThat(api.post(job + "/retry", "").status()).isEqualTo(404);
        assertThat(api.get(job + "/outputs/0").status()).isEqualTo(404);
    }

    @Test
    void anotherTenantsJobIsNotFoundOnAnyRoute() {
        UUID id = ended("failed");
        api.execute("UPDATE job SET tenant_id = 'somebody-else' WHERE job_id = ?", id);
        String job = "/v1/jobs/" + id;
        assertThat(api.get(job).status()).isEqualTo(404);
        assertThat(api.delete(job).status()).isEqualTo(404);
        assertThat(api.post(job + "/cancel", "").status()).isEqualTo(404);
        assertThat(api.post(job + "/retry", "").status()).isEqualTo(404);
        assertThat(api.get("/v1/jobs?limit=200").text()).doesNotContain(id.toString());
    }

    private static UUID succeeded() {
        UUID id = api.submit().id();
        api.run(id);
        api.succeed(id, IMAGE);
        return id;
    }

    /** A job in a state that is not queued. */
    private static UUID ended(String state) {
        if (state.equals("succeeded")) {
            return succeeded();
        }
        UUID id = api.submit().id();
        if (state.equals("expired")) {
            api.execute(
                    "UPDATE job SET state = 'expired', deadline = now(), finished_at = now(), released_at = NULL"
                            + " WHERE job_id = ?",
                    id);
            return id;
        }
        api.run(id);
        if (!state.equals("running")) {
            api.end(id, state);
        }
        return id;
    }

    private static String traceOf(UUID id) {
        return api.database()
                .jdbi()
                .withHandle(handle -> handle.createQuery("SELECT traceparent FROM job WHERE job_id = :id")
                        .bind("id", id)
                        .mapTo(String.class)
                        .one());
    }

    private static String events(UUID id) {
        return api.database()
                .jdbi()
                .withHandle(handle -> handle.createQuery(
                                "SELECT coalesce(string_agg(type, ' ' ORDER BY event_id), '') FROM job_event WHERE job_id = :id")
                        .bind("id", id)
                        .mapTo(String.class)
                        .one());
    }
}
