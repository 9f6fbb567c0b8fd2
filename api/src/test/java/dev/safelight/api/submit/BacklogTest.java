package dev.safelight.api.submit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.job.Priority;
import dev.safelight.common.store.Database;
import dev.safelight.embedded.testing.TestJobs;
import dev.safelight.embedded.testing.TestServers;
import java.time.Duration;
import java.util.Collections;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Counts in a real Postgres; the time for which they hold is ticked. */
class BacklogTest {
    private static final Duration HOLDS = Duration.ofSeconds(1);

    private final AtomicLong nanos = new AtomicLong();
    private Database database;
    private TestJobs jobs;
    private Backlog backlog;

    @BeforeEach
    void open() {
        database = Database.open(TestServers.newDatabase(), "test");
        jobs = new TestJobs(database, "q", "tiny", "v1");
        backlog = new Backlog(database, 30, nanos::get);
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void whatWaitsAltogetherIsBounded() {
        assertThat(backlog.full()).isFalse();
        backlog.accepted("a", 29);
        assertThat(backlog.full()).isFalse();
        backlog.accepted("b", 1);
        assertThat(backlog.full())
                .as("what this process accepted counts at once")
                .isTrue();
        nanos.addAndGet(HOLDS.toNanos());
        assertThat(backlog.full()).as("counted, nothing waits").isFalse();
        queue("a", 30);
        assertThat(backlog.full()).isFalse();
        nanos.addAndGet(HOLDS.toNanos());
        assertThat(backlog.full()).isTrue();
    }

    @Test
    void aTenantIsLookedAtOnlyNearItsLimit() {
        int limit = 4 * Backlog.LEAST_MARGIN;
        database.jdbi()
                .useHandle(handle -> handle.execute(
                        "INSERT INTO tenant (tenant_id, most_queued) VALUES ('large', ?), ('small', 5)", limit));
        assertThat(backlog.nearLimit("default")).as("no limit").isNull();
        assertThat(backlog.nearLimit("large")).isNull();
        assertThat(backlog.nearLimit("small")).isEqualTo(5);
        backlog.accepted("large", limit - Backlog.LEAST_MARGIN - 1);
        assertThat(backlog.nearLimit("large")).isNull();
        backlog.accepted("large", 1);
        assertThat(backlog.nearLimit("large")).isEqualTo(limit);
        nanos.addAndGet(HOLDS.toNanos());
        assertThat(backlog.nearLimit("large")).as("counted, nothing waits").isNull();
        assertThat(backlog.nearLimit("small")).isEqualTo(5);
        database.jdbi().useHandle(handle -> handle.execute("UPDATE tenant SET most_queued = 7"));
        assertThat(backlog.nearLimit("small")).isEqualTo(5);
        nanos.addAndGet(HOLDS.toNanos());
        assertThat(backlog.nearLimit("small")).isEqualTo(7);
    }

    private void queue(String tenantId, int count) {
        jobs.queued(tenantId, Priority.NORMAL, Collections.nCopies(count, TestJobs.input(1, 4)));
    }
}
