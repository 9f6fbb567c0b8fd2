package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.TestApi.Answer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One key, one job. */
class IdempotencyTest {
    private static final boolean LONG = "true".equals(System.getProperty("safelight.long"));

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
    void theSameRequestUnderTheSameKeyIsTheSameJobAsItIsNow() {
        Answer first = api.submit("Idempotency-Key", "same");
        assertThat(first.header("Idempotent-Replayed")).isNull();
        Answer second = api.submit("Idempotency-Key", "same");
        assertThat(second.status()).isEqualTo(202);
        assertThat(second.id()).isEqualTo(first.id());
        assertThat(second.header("Idempotent-Replayed")).isEqualTo("true");
        assertThat(second.at("/input")).isEqualTo(first.at("/input"));

        api.run(first.id());
        assertThat(api.submit("Idempotency-Key", "same").at("/state").textValue())
                .isEqualTo("running");
        api.end(first.id(), "failed");
        Answer ended = api.submit("Idempotency-Key", "same");
        assertThat(ended.status()).isEqualTo(200);
        assertThat(ended.at("/state").textValue()).isEqualTo("failed");
        assertThat(ended.header("Retry-After")).isNull();
    }

    @Test
    void aSeedThatWasChosenIsPartOfTheReplay() {
        String request = "{\"model\": \"shapes\"}";
        Answer first = api.post("/v1/jobs", request, "Idempotency-Key", "seedless");
        Answer second = api.post("/v1/jobs", request, "Idempotency-Key", "seedless");
        assertThat(second.id()).isEqualTo(first.id());
        assertThat(second.at("/input/seed")).isEqualTo(first.at("/input/seed"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"model\":\"shapes\",\"input\":{\"class\":\"square\",\"steps\":4,\"seed\":7}}",
                "{\"input\": {\"seed\": 7, \"steps\": 4.0, \"class\": \"squ\\u0061re\"}, \"model\": \"shapes\"}"
            })
    void spellingDoesNotMatter(String spelling) {
        Answer first = api.submit("Idempotency-Key", "spelling");
        Answer second = api.post("/v1/jobs", spelling, "Idempotency-Key", "spelling");
        assertThat(second.status()).as(second.text()).isEqualTo(202);
        assertThat(second.id()).isEqualTo(first.id());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"model\": \"dots\"}",
                "{\"model\": \"shapes\", \"input\": {\"class\": \"square\", \"steps\": 4}}",
                "{\"model\": \"shapes\", \"input\": {\"class\": \"square\", \"steps\": 4, \"seed\": 8}}",
                "{\"model\": \"shapes\", \"input\": {\"class\": \"square\", \"steps\": 4, \"seed\": 7}, \"priority\": \"low\"}",
                "{\"model\": \"shapes\", \"input\": {\"class\": \"square\", \"steps\": 4, \"seed\": 7}, \"metadata\": {}}"
            })
    void anotherRequestUnderTheSameKeyIsRefused(String other) {
        api.submit("Idempotency-Key", "other");
        long before = api.jobs();
        Answer answer = api.post("/v1/jobs", other, "Idempotency-Key", "other");
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.at("/code").textValue()).isEqualTo("idempotency_key_reused");
        assertThat(api.jobs()).isEqualTo(before);
    }

    @Test
    void aRefusedRequestDoesNotUseUpItsKey() {
        assertThat(api.post("/v1/jobs", "{\"model\": \"none\"}", "Idempotency-Key", "refused")
                        .status())
                .isEqualTo(422);
        assertThat(api.submit("Idempotency-Key", "refused").status()).isEqualTo(202);
    }

    @Test
    void aKeyIsFreeAgainAfterADay() {
        UUID old = api.submit("Idempotency-Key", "day").id();
        api.execute("UPDATE job SET created_at = now() - interval '23 hours 59 minutes' WHERE job_id = ?", old);
        assertThat(api.submit("Idempotency-Key", "day").id()).isEqualTo(old);
        api.execute("UPDATE job SET created_at = now() - interval '24 hours' WHERE job_id = ?", old);
        Answer fresh = api.submit("Idempotency-Key", "day");
        assertThat(fresh.status()).isEqualTo(202);
        assertThat(fresh.id()).isNotEqualTo(old);
        assertThat(fresh.header("Idempotent-Replayed")).isNull();
        assertThat(api.get("/v1/jobs/" + old).status()).isEqualTo(200);
        assertThat(api.submit("Idempotency-Key", "day").id()).isEqualTo(fresh.id());
    }

    @Test
    void aKeyIsFreeAgainOnceItsJobIsRemoved() {
        UUID old = api.submit("Idempotency-Key", "removed").id();
        api.post("/v1/jobs/" + old + "/cancel", "");
        api.delete("/v1/jobs/" + old);
        assertThat(api.submit("Idempotency-Key", "removed").id()).isNotEqualTo(old);
    }

    @ParameterizedTest
    @ValueSource(strings = {"k", "!~{}[]\"'\\<>&;,=%/?", "longest"})
    void anyVisibleAsciiIsAKey(String key) {
        String sent = key.equals("longest") ? "k".repeat(255) : key;
        Answer first = api.submit("Idempotency-Key", sent);
        assertThat(first.status()).as(first.text()).isEqualTo(202);
        assertThat(api.submit("Idempotency-Key", sent).id()).isEqualTo(first.id());
    }

    /**
     * Two API processes, so that groups of both meet in Postgres. All posts of a key are let go together, several keys at
     * a time and in any order.
     */
    @Test
    void concurrentPostsOfManyKeysMakeOneJobEach() throws InterruptedException, ExecutionException {
        int keys = LONG ? 1_000 : 100;
        int keysAtOnce = 10;
        int posts = 16;
        String request = "{\"model\": \"shapes\", \"metadata\": {\"run\": \"concurrent\"}}";
        try (TestApi second = TestApi.beside(api);
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            Random random = new Random(7);
            List<Future<Map.Entry<Integer, Answer>>> calls = new ArrayList<>();
            for (int from = 0; from < keys; from += keysAtOnce) {
                CountDownLatch go = new CountDownLatch(keysAtOnce * posts);
                List<Callable<Map.Entry<Integer, Answer>>> together = new ArrayList<>();
                for (int post = 0; post < keysAtOnce * posts; post++) {
                    int key = from + post % keysAtOnce;
                    TestApi target = random.nextBoolean() ? api : second;
                    together.add(() -> {
                        go.countDown();
                        go.await();
                        return Map.entry(key, target.post("/v1/jobs", request, "Idempotency-Key", "concurrent-" + key));
                    });
                }
                Collections.shuffle(together, random);
                calls.addAll(clients.invokeAll(together));
            }
            Map<Integer, List<Answer>> answers = new TreeMap<>();
            for (Future<Map.Entry<Integer, Answer>> call : calls) {
                answers.computeIfAbsent(call.get().getKey(), key -> new ArrayList<>())
                        .add(call.get().getValue());
            }
            assertThat(answers).hasSize(keys);
            answers.forEach((key, replies) -> {
                assertThat(replies).hasSize(posts).allMatch(reply -> reply.status() == 202);
                assertThat(replies.stream().map(Answer::id).collect(Collectors.toSet()))
                        .hasSize(1);
                assertThat(replies.stream().filter(reply -> reply.header("Idempotent-Replayed") == null))
                        .hasSize(1);
            });
            assertThat(second.get("/metrics").text()).contains("safelight_submit_deadlocks_total 0.0");
        }
        assertThat(count("SELECT count(*) FROM job WHERE metadata ->> 'run' = 'concurrent'"))
                .isEqualTo(keys);
        assertThat(api.get("/metrics").text()).contains("safelight_submit_deadlocks_total 0.0");
    }

    private static long count(String sql) {
        return api.database()
                .jdbi()
                .withHandle(handle -> handle.createQuery(sql).mapTo(long.class).one());
    }
}
