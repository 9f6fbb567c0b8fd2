package dev.safelight.api.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.TestApi;
import dev.safelight.api.TestApi.Answer;
import dev.safelight.common.job.JobKey;
import java.net.http.HttpRequest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** URLs of outputs for those who cannot send a key. */
class SignedUrlTest {
    private static final byte[] IMAGE = {1, 2, 3};
    private static final String[] KEY = {"Authorization", "Bearer " + TestApi.ADMIN_KEY};

    private static TestApi api;
    private static UUID job;
    private static String path;
    private static String url;

    @BeforeAll
    static void start() {
        api = TestApi.startWithKeys();
        job = done(api, TestApi.JOB);
        path = "/v1/jobs/" + job + "/outputs/0";
        url = shown(api, job);
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    @Test
    void theUrlOfAnOutputNeedsNoKeyAndNothingElseDoesWithout() {
        assertThat(url).startsWith(path + "?expires=").contains("&signature=default.");
        Answer image = api.get(url);
        assertThat(image.status()).isEqualTo(200);
        assertThat(image.bytes()).isEqualTo(IMAGE);
        assertThat(api.send(api.request(url).method("HEAD", HttpRequest.BodyPublishers.noBody()))
                        .status())
                .isEqualTo(200);
        assertThat(api.get(url, "Range", "bytes=1-1").status()).isEqualTo(206);

        String query = url.substring(path.length());
        assertThat(api.get(path).status()).isEqualTo(401);
        assertThat(api.get("/v1/jobs/" + job + query).status()).isEqualTo(401);
        assertThat(api.get("/v1/jobs" + query).status()).isEqualTo(401);
        assertThat(api.delete("/v1/jobs/" + job + query).status()).isEqualTo(401);
        assertThat(api.delete(url).status()).isEqualTo(405);
    }

    @Test
    void whateverIsChangedInItMakesItWorthless() {
        UUID other = done(api, TestApi.JOB);
        String expires = url.replaceAll(".*expires=(\\d+).*", "$1");
        for (String forged : List.of(
                url.replace(expires, Long.toString(Long.parseLong(expires) + 1)),
                url.replace(expires, "99999999999999999"),
                url.replace(job.toString(), other.toString()),
                url.replace("/outputs/0", "/outputs/1"),
                url.replace("signature=default.", "signature=another."),
                url.replaceFirst("(signature=default\\.)(.)", "$1" + (url.contains("signature=default.A") ? "B" : "A")),
                url.substring(0, url.length() - 1),
                url + "=",
                url.replaceFirst("expires=\\d+&", ""),
                url.replaceFirst("signature=.*", "signature="),
                url.replaceFirst("signature=default", "signature=default%0A"),
                path + "?signature=x",
                path + "?expires=soon&signature=x",
                path + "?expires=-1&signature=default." + "A".repeat(43))) {
            Answer answer = api.get(forged);
            assertThat(answer.status()).as(forged).isEqualTo(403);
            assertThat(answer.at("/code").textValue()).isEqualTo("invalid_signature");
            assertThat(api.get(forged, KEY).status())
                    .as("a key does not make up for it")
                    .isEqualTo(403);
        }
    }

    @Test
    void itsTimeIsUpAtSomePoint() {
        UrlSecrets secrets = new UrlSecrets(List.of(), api.database(), System::nanoTime);
        Clock yesterday = Clock.fixed(Instant.now().minus(Duration.ofDays(1)), ZoneOffset.UTC);
        Answer answer = api.get(path + query(secrets, yesterday, JobKey.DEFAULT_TENANT));
        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.at("/code").textValue()).isEqualTo("link_expired");
        Clock today = Clock.systemUTC();
        assertThat(api.get(path + query(secrets, today, JobKey.DEFAULT_TENANT)).status())
                .isEqualTo(200);
        assertThat(api.get(path + query(secrets, today, "stranger")).status())
                .as("signed for a tenant who has no such job")
                .isEqualTo(404);
    }

    @Test
    void itIsGoodForNoLongerThanItsOutput() {
        UUID shortLived = done(api, TestApi.JOB.replaceFirst("\\{", "{\"expires_in\": 60, "));
        long expires = Long.parseLong(shown(api, shortLived).replaceAll(".*expires=(\\d+).*", "$1"));
        String end = api.get("/v1/jobs/" + shortLived, KEY)
                .at("/outputs/0/expires_at")
                .textValue();
        assertThat(Instant.ofEpochSecond(expires)).isBeforeOrEqualTo(Instant.parse(end));
    }

    @Test
    void everyProcessOfTheInstallationKnowsIt() {
        try (TestApi second = TestApi.beside(api)) {
            assertThat(second.get(url).status()).isEqualTo(200);
            assertThat(api.get(shown(second, job)).status()).isEqualTo(200);
        }
    }

    @Test
    void anInstallationWithoutKeysShowsPlainUrls() {
        try (TestApi open = TestApi.start()) {
            assertThat(shown(open, done(open, TestApi.JOB))).endsWith("/outputs/0");
        }
    }

    private static String query(UrlSecrets secrets, Clock clock, String tenant) {
        return new OutputLinks(secrets, Duration.ofHours(1), clock).query(new JobKey(tenant, job), 0, null);
    }

    private static UUID done(TestApi at, String request) {
        UUID id = at.post("/v1/jobs", request, KEY).id();
        at.run(id);
        at.succeed(id, IMAGE);
        return id;
    }

    private static String shown(TestApi at, UUID id) {
        return at.get("/v1/jobs/" + id, KEY).at("/outputs/0/url").textValue();
    }
}
