package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.TestApi.Answer;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What each route does with a job in each state. */
class JobLifeTest {
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
                "{\"model\": \"shapes\", \"input\": {\"class\": \"circle\"}, \"priority\": \"high\", \"metadata\": {\"a\": [1]}}");
        assertThat(answer.status()).as(answer.text()).isEqualTo(202);
        UUID id = answer.id();
        assertThat(answer.header("Location")).isEqualTo("/v1/jobs/" + id);
        assertThat(answer.header("Retry-After")).isEqualTo("1");
        assertThat(answer.at("/state").textValue()).isEqualTo("queued");
        assertThat(answer.at("/progress").toString()).isEqualTo("{\"step\":0,\"of\":10}");
        assertThat(answer.at("/queue/reason").textValue()).contains("no worker is running");

        Answer read = api.get(answer.header("Location"));
        assertThat(read.status()).isEqualTo(200);
        assertThat(read.at("/input")).isEqualTo(answer.at("/input"));
        assertThat(read.at("/input").toString())
                .contains("\"class\":\"circle\"", "\"sampler\":\"ddim\"", "\"guidance\":2.0", "\"count\":1");
        assertThat(read.at("/input/seed").isIntegralNumber()).isTrue();
        assertThat(read.at("/metadata").toString()).isEqualTo("{\"a\":[1]}");
        assertThat(read.at("/priority").textValue()).isEqualTo("high");
        assertThat(read.at("/queue/position").intValue()).isEqualTo(1);
    }
}
