package dev.safelight.api.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.store.Database;
import dev.safelight.embedded.testing.TestServers;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** When signatures are good, and how their secret is replaced. */
class OutputLinksTest {
    private static final JobKey JOB = new JobKey("default", UUID.fromString("01a20bbb-1736-7000-b6d0-0c266cdf715b"));
    private static final Instant NOW = Instant.parse("2026-01-01T12:00:10Z");

    private static Database database;

    private final AtomicLong nanos = new AtomicLong();

    @BeforeAll
    static void open() {
        database = Database.open(TestServers.newDatabase(), "test");
    }

    @AfterAll
    static void close() {
        database.close();
    }

    /** URLs outlive upgrades, so the scheme may not change unseen: this value was computed with openssl. */
    @Test
    void theSignatureIsTheDocumentedOne() {
        OutputLinks links = links(configured("0123456789abcdef0123456789abcdef"), NOW);
        assertThat(links.query(JOB, 3, Instant.ofEpochSecond(1_767_268_800)))
                .isEqualTo("?expires=1767268800&signature=default.Q3mfpK7ISbPxXqVVUsHCLx7Lu5-8xCroI48_cdHREMI");
    }

    @Test
    void aUrlIsTheSameForHalfItsTimeAndGoodForAllOfIt() {
        UrlSecrets secrets = configured("a".repeat(32));
        String query = links(secrets, NOW).query(JOB, 0, null);
        assertThat(links(secrets, NOW.plusSeconds(1700)).query(JOB, 0, null)).isEqualTo(query);
        assertThat(links(secrets, NOW.plusSeconds(1800)).query(JOB, 0, null)).isNotEqualTo(query);
        assertThat(verdict(links(secrets, NOW.plusSeconds(3600)), query)).isInstanceOf(OutputLinks.Good.class);
        assertThat(verdict(links(secrets, NOW.plusSeconds(5400)), query)).isInstanceOf(OutputLinks.Expired.class);
    }

    @Test
    void ofTwoConfiguredSecretsTheFirstSignsAndBothVerify() {
        String old = links(configured("a".repeat(32)), NOW).query(JOB, 0, null);
        OutputLinks rotated = links(configured("b".repeat(32), "a".repeat(32)), NOW);
        assertThat(verdict(rotated, old)).isInstanceOf(OutputLinks.Good.class);
        assertThat(rotated.query(JOB, 0, null))
                .isEqualTo(links(configured("b".repeat(32)), NOW).query(JOB, 0, null));
        assertThat(verdict(links(configured("b".repeat(32)), NOW), old)).isInstanceOf(OutputLinks.Forged.class);
    }

    /** Two processes over the same rows: one hears of a rotation from the first URL that it does not know. */
    @Test
    void aRotationInTheDatabaseReachesEveryProcess() {
        OutputLinks one = links(stored(), NOW);
        OutputLinks other = links(stored(), NOW);
        String first = one.query(JOB, 0, null);
        assertThat(verdict(other, first)).isInstanceOf(OutputLinks.Good.class);

        rotate(2);
        pass(Duration.ofMinutes(2));
        String second = one.query(JOB, 0, null);
        assertThat(second).isNotEqualTo(first);
        assertThat(verdict(other, second)).isInstanceOf(OutputLinks.Good.class);
        assertThat(verdict(one, first)).as("the one before").isInstanceOf(OutputLinks.Good.class);

        rotate(3);
        pass(Duration.ofSeconds(2));
        String third = links(stored(), NOW).query(JOB, 0, null);
        assertThat(verdict(other, third)).as("looked up because it was unknown").isInstanceOf(OutputLinks.Good.class);
        assertThat(verdict(other, first)).as("two rotations later").isInstanceOf(OutputLinks.Forged.class);
    }

    private static OutputLinks.Verdict verdict(OutputLinks links, String query) {
        String[] parts = query.substring(1).split("[=&]");
        return links.verify(JOB.jobId(), 0, Long.parseLong(parts[1]), parts[3]);
    }

    private static void rotate(int id) {
        database.jdbi()
                .useHandle(handle -> handle.execute(
                        "INSERT INTO url_secret (secret_id, secret) VALUES (?, sha256(?::text::bytea))", id, id));
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    private UrlSecrets stored() {
        return new UrlSecrets(List.of(), database, nanos::get);
    }

    private UrlSecrets configured(String... secrets) {
        return new UrlSecrets(
                Stream.of(secrets)
                        .map(secret -> secret.getBytes(StandardCharsets.UTF_8))
                        .toList(),
                database,
                nanos::get);
    }

    private static OutputLinks links(UrlSecrets secrets, Instant now) {
        return new OutputLinks(secrets, Duration.ofHours(1), Clock.fixed(now, ZoneOffset.UTC));
    }
}
