package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.TestApi.Answer;
import dev.safelight.common.event.Signal;
import dev.safelight.common.job.JobState;
import dev.safelight.common.wire.Json;
import dev.safelight.common.wire.TopicAdmin;
import dev.safelight.common.wire.Topics;
import dev.safelight.embedded.testing.TestServers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code Prefer: wait=n}. */
class WaitTest {
    private static TestApi api;

    private ExecutorService clients;

    @BeforeAll
    static void start() {
        api = TestApi.start();
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    @BeforeEach
    void openClients() {
        clients = Executors.newVirtualThreadPerTaskExecutor();
    }

    @AfterEach
    void closeClients() {
        clients.close();
    }

    @Test
    void aReadWaitsForTheEnd() throws ExecutionException, InterruptedException {
        UUID id = api.submit().id();
        Future<Answer> reading = clients.submit(() -> api.get("/v1/jobs/" + id, "Prefer", "wait=60"));
        awaitWaiters(1);
        api.run(id);
        api.succeed(id, "image".getBytes(StandardCharsets.UTF_8));
        Answer answer = reading.get();
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.at("/state").textValue()).isEqualTo("succeeded");
        assertThat(answer.at("/outputs")).hasSize(1);
        assertThat(answer.header("Preference-Applied")).isEqualTo("wait=60");
        awaitWaiters(0);
    }

    /** Postgres never says that the job has ended here, so no look at it can be what wakes the client. */
    @Test
    void aWorkersSignalOverKafkaWakesWhoeverWaits() throws ExecutionException, InterruptedException {
        UUID id = api.submit().id();
        api.run(id);
        try (TopicAdmin admin = new TopicAdmin(TestServers.kafka())) {
            admin.ensure(List.of()); // as a worker does
        }
        Future<Answer> reading = clients.submit(() -> api.get("/v1/jobs/" + id, "Prefer", "wait=60"));
        awaitWaiters(1);
        Signal end = new Signal(List.of(new Signal.Entry("default", id, 1, JobState.SUCCEEDED, 4, 4)));
        try (KafkaProducer<String, String> worker = new KafkaProducer<>(
                Map.of("bootstrap.servers", TestServers.kafka().bootstrapServers()),
                new StringSerializer(),
                new StringSerializer())) {
            // The API hears what comes from the moment it listens.
            Eventually.becomes("the client is woken", () -> {
                worker.send(new ProducerRecord<>(Topics.SIGNALS, Json.write(end)))
                        .get();
                return reading.isDone();
            });
        }
        assertThat(reading.get().at("/state").textValue()).isEqualTo("running");
        api.end(id, "failed");
    }

    @Test
    void aSubmitWaitsForTheEnd() throws ExecutionException, InterruptedException {
        Future<Answer> submitting =
                clients.submit(() -> api.submit("Prefer", "respond-async, wait=\"60\"", "Idempotency-Key", "waiting"));
        awaitWaiters(1);
        UUID id = api.database()
                .jdbi()
                .withHandle(handle -> handle.createQuery("SELECT job_id FROM job WHERE idempotency_key = 'waiting'")
                        .mapTo(UUID.class)
                        .one());
        api.run(id);
        api.end(id, "failed");
        Answer answer = submitting.get();
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.id()).isEqualTo(id);
        assertThat(answer.at("/state").textValue()).isEqualTo("failed");
        assertThat(answer.header("Location")).isEqualTo("/v1/jobs/" + id);
        assertThat(answer.header("Retry-After")).isNull();
        assertThat(answer.header("Preference-Applied")).isEqualTo("wait=60");
    }

    @Test
    void aCancelEndsTheWait() throws ExecutionException, InterruptedException {
        UUID id = api.submit().id();
        Future<Answer> reading = clients.submit(() -> api.get("/v1/jobs/" + id, "Prefer", "wait=60"));
        awaitWaiters(1);
        assertThat(api.post("/v1/jobs/" + id + "/cancel", "").status()).isEqualTo(200);
        assertThat(reading.get().at("/state").textValue()).isEqualTo("canceled");
    }

    @Test
    void aRemovedJobEndsTheWait() throws ExecutionException, InterruptedException {
        UUID id = api.submit().id();
        Future<Answer> reading = clients.submit(() -> api.get("/v1/jobs/" + id, "Prefer", "wait=60"));
        awaitWaiters(1);
        api.execute("DELETE FROM job WHERE job_id = ?", id);
        assertThat(reading.get().status()).isEqualTo(404);
    }

    @Test
    void whoeverHasWaitedLongEnoughGetsTheJobAsItIs() {
        UUID id = api.submit().id();
        Answer read = api.get("/v1/jobs/" + id, "Prefer", "wait=1");
        assertThat(read.status()).isEqualTo(200);
        assertThat(read.at("/state").textValue()).isEqualTo("queued");
        Answer submitted = api.submit("Prefer", "wait=1");
        assertThat(submitted.status()).isEqualTo(202);
        assertThat(submitted.header("Retry-After")).isEqualTo("1");
        assertThat(submitted.header("Preference-Applied")).isEqualTo("wait=1");
    }

    @Test
    void aTerminalJobIsNotWaitedFor() {
        UUID id = api.submit().id();
        api.post("/v1/jobs/" + id + "/cancel", "");
        Answer answer = api.get("/v1/jobs/" + id, "Prefer", "wait=60");
        assertThat(answer.at("/state").textValue()).isEqualTo("canceled");
    }

    @Test
    void aThousandWaitersHoldNoConnection() throws ExecutionException, InterruptedException {
        UUID id = api.submit().id();
        List<Future<Answer>> readers = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            readers.add(clients.submit(() -> api.get("/v1/jobs/" + id, "Prefer", "wait=60")));
        }
        awaitWaiters(1_000);
        // The pool has 16 connections; others are served all the same.
        assertThat(api.get("/v1/jobs/" + id).status()).isEqualTo(200);
        api.post("/v1/jobs/" + id + "/cancel", "");
        for (Future<Answer> reader : readers) {
            assertThat(reader.get().at("/state").textValue()).isEqualTo("canceled");
        }
    }

    private static void awaitWaiters(int count) {
        Eventually.becomes(
                count + " waiters", () -> api.get("/metrics").text().contains("safelight_waiters " + count + ".0"));
    }
}
