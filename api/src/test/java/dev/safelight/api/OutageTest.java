package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.TestApi.Answer;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.embedded.LocalPostgres;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.migrations.Migrations;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Without Postgres nothing is promised; without Kafka everything is. */
class OutageTest {

    @Test
    void withoutPostgresClientsAreToldToComeBackAndThenServed() throws ExecutionException, InterruptedException {
        try (LocalPostgres postgres =
                LocalPostgres.start(TestServers.newFolder("outage").resolve("postgres"), 0)) {
            postgres.createDatabase("outage", "template1");
            DatabaseSettings database = postgres.settings("outage", 4);
            Migrations.apply(database);
            try (TestApi api = TestApi.start(database, TestServers.kafka().bootstrapServers())) {
                UUID before = api.submit("Idempotency-Key", "before").id();

                postgres.stop();
                for (Answer answer : askEverything(api, before)) {
                    assertThat(answer.status()).as(answer.text()).isEqualTo(503);
                    assertThat(answer.header("Retry-After")).isEqualTo("5");
                    assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
                    assertThat(answer.at("/code").textValue()).isEqualTo("unavailable");
                }
                Answer ready = api.get("/health/ready");
                assertThat(ready.status()).isEqualTo(503);
                assertThat(ready.at("/checks/postgres").textValue()).isEqualTo("out of reach");
                // What needs no database goes on.
                assertThat(api.get("/health/live").status()).isEqualTo(200);
                assertThat(api.get("/v1/models").status()).isEqualTo(200);
                assertThat(api.get("/metrics").text()).contains("jvm_memory_used_bytes");
                assertThat(api.post("/v1/jobs", "{}").status()).isEqualTo(422);

                postgres.start();
                Eventually.becomes("ready", () -> api.get("/health/ready").status() == 200);
                Answer after = api.submit("Idempotency-Key", "after");
                assertThat(after.status()).as(after.text()).isEqualTo(202);
                assertThat(api.get("/v1/jobs/" + before).status()).isEqualTo(200);
                assertThat(api.submit("Idempotency-Key", "before").id()).isEqualTo(before);
            }
        }
    }

    /** Every connection of the pool is dead and nobody has noticed: a submit finds out, and succeeds all the same. */
    @Test
    void aSubmitSurvivesARestartOfPostgres() {
        try (LocalPostgres postgres =
                LocalPostgres.start(TestServers.newFolder("restart").resolve("postgres"), 0)) {
            postgres.createDatabase("restart", "template1");
            DatabaseSettings database = postgres.settings("restart", 4);
            Migrations.apply(database);
            try (TestApi api = TestApi.start(database, TestServers.kafka().bootstrapServers())) {
                for (int i = 0; i < 3; i++) {
                    assertThat(api.submit().status()).isEqualTo(202);
                    postgres.stop();
                    postgres.start();
                    Answer answer = api.submit();
                    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
                    assertThat(api.get("/v1/jobs/" + answer.id()).status()).isEqualTo(200);
                }
            }
        }
    }

    @Test
    void withoutKafkaJobsAreAccepted() {
        try (TestApi api = TestApi.start(TestServers.newDatabase(), "127.0.0.1:1")) {
            Answer answer = api.submit();
            assertThat(answer.status()).as(answer.text()).isEqualTo(202);
            assertThat(api.get("/v1/jobs/" + answer.id()).status()).isEqualTo(200);
            api.run(answer.id());
            assertThat(api.post("/v1/jobs/" + answer.id() + "/cancel", "").status())
                    .isEqualTo(202);
            Answer ready = api.get("/health/ready");
            assertThat(ready.status()).isEqualTo(200);
            assertThat(ready.at("/checks/kafka").textValue()).isEqualTo("not connected");
        }
    }

    /** All at once: each is to be answered on its own, not one after the other's timeout. */
    private static List<Answer> askEverything(TestApi api, UUID job) throws ExecutionException, InterruptedException {
        List<Future<Answer>> asked = new ArrayList<>();
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 20; i++) {
                asked.add(clients.submit(() -> api.submit()));
            }
            asked.add(clients.submit(() -> api.get("/v1/jobs/" + job)));
            asked.add(clients.submit(() -> api.get("/v1/jobs/" + job, "Prefer", "wait=60")));
            asked.add(clients.submit(() -> api.get("/v1/jobs")));
            asked.add(clients.submit(() -> api.delete("/v1/jobs/" + job)));
            asked.add(clients.submit(() -> api.post("/v1/jobs/" + job + "/cancel", "")));
            asked.add(clients.submit(() -> api.post("/v1/jobs/" + job + "/retry", "")));
            asked.add(clients.submit(() -> api.get("/v1/jobs/" + job + "/outputs/0")));
            asked.add(clients.submit(() -> api.get("/v1/workers")));
        }
        List<Answer> answers = new ArrayList<>();
        for (Future<Answer> answer : asked) {
            answers.add(answer.get());
        }
        return answers;
    }
}
