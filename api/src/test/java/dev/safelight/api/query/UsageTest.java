package dev.safelight.api.query;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.TestApi;
import dev.safelight.api.TestApi.Answer;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UsageTest {
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
    void everyEndCountsOnTheDayOfItsTenant() {
        UUID succeeded = api.submit().id();
        api.run(succeeded);
        api.execute("UPDATE job SET evaluations = 8, device_seconds = 0.5 WHERE job_id = ?", succeeded);
        api.succeed(succeeded, new byte[] {1});
        UUID failed = api.submit().id();
        api.run(failed);
        api.execute("UPDATE job SET evaluations = 3, device_seconds = 0.25 WHERE job_id = ?", failed);
        api.end(failed, "failed");
        api.post("/v1/jobs/" + api.submit().id() + "/cancel", "");
        UUID expired = api.submit().id();
        api.execute(
                "UPDATE job SET deadline = now(), state = 'expired', finished_at = now() WHERE job_id = ?", expired);
        api.submit();
        LocalDate today = LocalDate.now(ZoneOffset.UTC);
        for (String other : new String[] {"'another', '" + today + "'", "'default', '2026-01-31'"}) {
            api.execute("INSERT INTO usage_day VALUES (" + other + ", 0, 100, 1, 1, 1, 1, 1, 1)");
        }

        Answer answer = api.get("/v1/usage");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.at("/to").textValue()).isEqualTo(today.toString());
        assertThat(answer.at("/from").textValue()).isEqualTo(today.minusDays(29).toString());
        assertThat(answer.at("/days")).hasSize(1);
        assertThat(answer.at("/days/0").toString())
                .isEqualTo("{\"day\":\"" + today
                        + "\",\"jobs\":{\"succeeded\":1,\"failed\":1,\"canceled\":1,\"expired\":1},"
                        + "\"images\":1,\"evaluations\":11,\"device_seconds\":0.75}");
        assertThat(answer.at("/total/evaluations").longValue()).isEqualTo(11);

        Answer january = api.get("/v1/usage?from=2026-01-31&to=2026-01-31");
        assertThat(january.at("/total/jobs/succeeded").longValue()).isEqualTo(100);
        assertThat(january.at("/days/0/day").textValue()).isEqualTo("2026-01-31");
        assertThat(api.get("/v1/usage?from=2026-02-01&to=2026-02-02").at("/days"))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "from=yesterday | does not match",
                "from=2026-02-30 | no day of the calendar",
                "from=2026-02-02&to=2026-02-01 | must not be after to",
                "from=2025-01-01&to=2026-01-02 | at most 365 days before",
                "since=2026-01-01 | the parameters are: from, to"
            })
    void otherDaysAreRefused(String query, String detail) {
        Answer answer = api.get("/v1/usage?" + query);
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.at("/code").textValue()).isEqualTo("invalid_request");
        assertThat(answer.at("/detail").textValue()).contains(detail);
    }

    @Test
    void aLeapYearFits() {
        assertThat(api.get("/v1/usage?from=2024-01-01&to=2024-12-31").status()).isEqualTo(200);
    }
}
