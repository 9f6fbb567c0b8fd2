package dev.safelight.api.query;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.TestApi;
import dev.safelight.api.TestApi.Answer;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** For how long images are kept, and what is said of those that no longer are. */
class RetentionTest {
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
    void keepByDefault() {
        api.execute("UPDATE tenant SET outputs_expire_in = NULL");
    }

    @Test
    void withoutAWordAnImageIsKept() {
        Answer job = done(TestApi.JOB);
        assertThat(job.json().has("expires_in")).isFalse();
        assertThat(job.json().at("/outputs/0").has("expires_at")).isFalse();
        assertThat(job.json().at("/outputs/0").has("expired_at")).isFalse();
    }

    @Test
    void theRequestSaysHowLongFromTheEndOfTheJobOn() {
        Instant before = Instant.now();
        Answer submitted = api.post("/v1/jobs", keptFor(3600));
        assertThat(submitted.at("/expires_in").intValue()).isEqualTo(3600);
        Answer job = done(submitted.id());
        assertThat(job.at("/expires_in").intValue()).isEqualTo(3600);
        assertThat(Instant.parse(job.at("/outputs/0/expires_at").textValue()))
                .isBetween(
                        before.plusSeconds(3600).minus(Duration.ofMinutes(1)),
                        Instant.now().plusSeconds(3600).plus(Duration.ofMinutes(1)));
        Answer image = api.get(path(job));
        assertThat(image.status()).isEqualTo(200);
        assertThat(image.header("Cache-Control")).matches("private, max-age=3[56]\\d\\d, immutable");
    }

    @Test
    void theTenantsDefaultHoldsWhereTheRequestSaysNothing() {
        api.execute("UPDATE tenant SET outputs_expire_in = 60 WHERE tenant_id = 'default'");
        assertThat(done(TestApi.JOB).at("/outputs/0").has("expires_at")).isTrue();
        Answer longer = done(keptFor(7200));
        assertThat(Instant.parse(longer.at("/outputs/0/expires_at").textValue()))
                .isAfter(Instant.now().plusSeconds(7000));
    }

    @Test
    void anImageWhoseTimeIsOverIsGoneAtOnceAndSaysSince() {
        Answer job = done(keptFor(10));
        api.execute("UPDATE job_output SET expires_at = expires_at - interval '1 minute' WHERE job_id = ?", job.id());
        Answer gone = api.get(path(job));
        assertThat(gone.status()).isEqualTo(410);
        assertThat(gone.at("/code").textValue()).isEqualTo("output_expired");
        assertThat(api.send(api.request(path(job)).method("HEAD", HttpRequest.BodyPublishers.noBody()))
                        .status())
                .isEqualTo(410);
        assertThat(api.get(path(job), "If-None-Match", "*").status()).isEqualTo(410);
        for (Answer shown : new Answer[] {api.get("/v1/jobs/" + job.id()), api.get("/v1/jobs?limit=1")}) {
            String output = shown.text();
            assertThat(output).contains("\"expired_at\":").doesNotContain("\"expires_at\":");
        }
        assertThat(api.get("/v1/jobs/" + job.id()).at("/state").textValue()).isEqualTo("succeeded");
        assertThat(api.delete("/v1/jobs/" + job.id()).status()).isEqualTo(204);
    }

    @Test
    void aRetryIsKeptForAsLong() {
        UUID first = api.post("/v1/jobs", keptFor(77)).id();
        api.run(first);
        api.end(first, "failed");
        assertThat(api.post("/v1/jobs/" + first + "/retry", "")
                        .at("/expires_in")
                        .intValue())
                .isEqualTo(77);
    }

    private static String keptFor(int seconds) {
        return TestApi.JOB.replaceFirst("\\{", "{\"expires_in\": " + seconds + ", ");
    }

    private static Answer done(String request) {
        return done(api.post("/v1/jobs", request).id());
    }

    private static Answer done(UUID job) {
        api.run(job);
        api.succeed(job, new byte[] {1, 2, 3});
        return api.get("/v1/jobs/" + job);
    }

    private static String path(Answer job) {
        return job.at("/outputs/0/url").textValue();
    }
}
