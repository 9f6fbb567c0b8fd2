package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.TestApi.Answer;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Models, workers, health and metrics. */
class OperationsTest {
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
    void modelsAreListedNewestFirst() {
        Answer answer = api.get("/v1/models");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.at("/models")).hasSize(2);
        assertThat(answer.at("/models/0/name").textValue()).isEqualTo("shapes");
        assertThat(answer.at("/models/0/date").textValue()).isEqualTo("2026-02-01");
        assertThat(answer.at("/models/0/author").textValue()).isEqualTo("us");
        assertThat(answer.at("/models/0/parameters").intValue()).isEqualTo(12);
        assertThat(answer.at("/models/0/license/weights").textValue()).isEqualTo("Apache-2.0");
        assertThat(answer.at("/models/0/classes").toString()).isEqualTo("[\"circle\",\"square\"]");
        assertThat(answer.at("/models/1/name").textValue()).isEqualTo("dots");
        assertThat(answer.at("/models/1").has("classes")).isFalse();
        assertThat(answer.at("/models/1").has("input_schema")).isFalse();
    }

    @Test
    void aModelShowsTheSchemaOfItsInput() {
        Answer answer = api.get("/v1/models/shapes");
        assertThat(answer.at("/input_schema/additionalProperties").booleanValue())
                .isFalse();
        assertThat(answer.at("/input_schema/properties/class/enum").toString()).isEqualTo("[\"circle\",\"square\"]");
        assertThat(answer.at("/input_schema/properties/steps/maximum").intValue())
                .isEqualTo(1000);
        assertThat(answer.at("/input_schema/properties/steps/default").intValue())
                .isEqualTo(10);
        assertThat(answer.at("/samplers").toString()).isEqualTo("[\"ddim\",\"euler\",\"dpmpp-2m\"]");
        assertThat(answer.at("/defaults/sampler").textValue()).isEqualTo("ddim");
        assertThat(answer.at("/description").textValue()).isEqualTo("Draws");
        assertThat(api.get("/v1/models/shapes", "If-None-Match", answer.header("ETag"))
                        .status())
                .isEqualTo(304);
        assertThat(api.get("/v1/models/dots").at("/input_schema/properties").has("class"))
                .isFalse();
    }

    @Test
    void workersAreListedWithTheirLastBeat() {
        UUID live = UUID.randomUUID();
        UUID silent = UUID.randomUUID();
        for (UUID worker : new UUID[] {live, silent}) {
            api.execute(
                    "INSERT INTO worker (worker_id, host, device, queues, models, slots, headroom, running, started_at)"
                            + " VALUES (?, 'node-1', 'cuda:0', '{q}', '{shapes,dots}', 16, 32, 3, now() - interval '1 day')",
                    worker);
        }
        api.execute("UPDATE worker SET beat_at = now() - interval '20 seconds' WHERE worker_id = ?", silent);
        Answer answer = api.get("/v1/workers");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.at("/workers")).hasSize(2);
        answer.at("/workers").forEach(worker -> {
            boolean first = worker.get("id").textValue().equals(live.toString());
            assertThat(worker.get("live").booleanValue()).isEqualTo(first);
            assertThat(worker.get("device").textValue()).isEqualTo("cuda:0");
            assertThat(worker.get("slots").intValue()).isEqualTo(16);
            assertThat(worker.get("headroom").intValue()).isEqualTo(32);
            assertThat(worker.get("running").intValue()).isEqualTo(3);
            assertThat(worker.get("draining").booleanValue()).isFalse();
            assertThat(worker.get("models").toString()).isEqualTo("[\"shapes\",\"dots\"]");
            assertThat(worker.get("last_beat_at").isTextual()).isTrue();
        });
        api.execute("DELETE FROM worker");
    }

    @Test
    void theProcessIsLiveAndReady() {
        assertThat(api.get("/health/live").text()).contains("\"status\":\"up\"");
        assertThat(api.get("/health/ready").status()).isEqualTo(200);
        Eventually.becomes(
                "Kafka is connected",
                () -> api.get("/health/ready").at("/checks/kafka").textValue().equals("up"));
        assertThat(api.get("/health/ready").at("/checks/postgres").textValue()).isEqualTo("up");
    }

    @Test
    void withoutMigrationsTheProcessIsNotReady() {
        try (TestApi bare = TestApi.start()) {
            bare.execute("UPDATE flyway_schema_history SET success = false WHERE version::integer ="
                    + " (SELECT max(version::integer) FROM flyway_schema_history)");
            Answer outdated = bare.get("/health/ready");
            assertThat(outdated.status()).isEqualTo(503);
            assertThat(outdated.at("/checks/postgres").textValue()).contains("migrations are missing");
            bare.execute("DROP TABLE flyway_schema_history");
            Answer none = bare.get("/health/ready");
            assertThat(none.status()).isEqualTo(503);
            assertThat(none.at("/checks/postgres").textValue()).isEqualTo("migrations are missing");
            assertThat(none.header("Retry-After")).isEqualTo("5");
        }
    }

    @Test
    void metricsCountRequestsAndQueues() {
        String queue = api.get("/v1/models/shapes").at("/queue").textValue();
        api.submit();
        api.submit();
        api.get("/v1/jobs/" + UUID.randomUUID());
        Answer answer = api.get("/metrics");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("Content-Type")).startsWith("text/plain; version=0.0.4");
        assertThat(answer.text())
                .contains("safelight_queue_depth{priority=\"normal\",queue=\"" + queue + "\"} 2.0")
                .contains("safelight_queue_age_seconds{priority=\"normal\",queue=\"" + queue + "\"}")
                .contains("safelight_jobs_submitted_total{model=\"shapes\"} 2.0")
                .containsPattern(
                        "safelight_http_requests_seconds_count\\{method=\"POST\",route=\"/v1/jobs\",status=\"202\"} 2")
                .containsPattern(
                        "safelight_http_requests_seconds_bucket\\{method=\"GET\",route=\"/v1/jobs/\\{job_id}\",status=\"404\",le=\"1.0\"} 1")
                .contains("jvm_memory_used_bytes");
    }
}
