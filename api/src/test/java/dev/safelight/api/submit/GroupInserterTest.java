package dev.safelight.api.submit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.Eventually;
import dev.safelight.api.validate.TimeLimits;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.store.Database;
import dev.safelight.embedded.testing.TestServers;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GroupInserterTest {
    private Database database;
    private GroupInserter inserter;
    private ExecutorService clients;

    @BeforeEach
    void open() {
        database = Database.open(TestServers.newDatabase(), "test");
        inserter = new GroupInserter(new JobInsert(database.dataSource()), backlog());
        clients = Executors.newVirtualThreadPerTaskExecutor();
    }

    @AfterEach
    void close() {
        clients.close();
        inserter.close();
        database.close();
    }

    @Test
    void whatWaitsWhileOthersCommitGoesInOneTransaction() throws Exception {
        List<Future<GroupInserter.Outcome>> outcomes = whileTheTableIsLocked(100, 0);
        for (Future<GroupInserter.Outcome> outcome : outcomes) {
            assertThat(outcome.get()).isInstanceOf(GroupInserter.Inserted.class);
        }
        assertThat(count("SELECT count(*) FROM job")).isEqualTo(100);
        // Two went alone before the others came.
        assertThat(count("SELECT count(DISTINCT xmin::text) FROM job")).isEqualTo(3);
    }

    @Test
    void aRowThatPostgresRefusesHarmsNobodyElse() throws Exception {
        List<Future<GroupInserter.Outcome>> outcomes = whileTheTableIsLocked(50, 3);
        int refused = 0;
        for (Future<GroupInserter.Outcome> outcome : outcomes) {
            if (outcome.get() instanceof GroupInserter.Refused(SQLException cause)) {
                assertThat(cause.getMessage()).contains("job_steps_check");
                refused++;
            } else {
                assertThat(outcome.get()).isInstanceOf(GroupInserter.Inserted.class);
            }
        }
        assertThat(refused).isEqualTo(3);
        assertThat(count("SELECT count(*) FROM job")).isEqualTo(47);
    }

    @Test
    void theSameKeyTwiceInOneGroupIsAConflictForOne() throws Exception {
        List<Future<GroupInserter.Outcome>> outcomes = new ArrayList<>();
        whileTheTableIsLocked(() -> {
            for (int i = 0; i < 20; i++) {
                Submission submission = submission("key-" + i % 5, 1);
                outcomes.add(clients.submit(() -> inserter.insert(submission)));
            }
        });
        int inserted = 0;
        for (Future<GroupInserter.Outcome> outcome : outcomes) {
            inserted += outcome.get() instanceof GroupInserter.Inserted ? 1 : 0;
        }
        assertThat(inserted).isEqualTo(5);
        assertThat(count("SELECT count(*) FROM job")).isEqualTo(5);
    }

    /** Two processes whose groups bring the same keys in opposite orders, and overlap for certain. */
    @Test
    void groupsThatShareKeysDoNotDeadlock() throws Exception {
        database.jdbi().useHandle(handle -> {
            handle.execute("CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
                    + " 'BEGIN PERFORM pg_sleep(0.005); RETURN new; END'");
            handle.execute("CREATE TRIGGER dawdle BEFORE INSERT ON job FOR EACH ROW EXECUTE FUNCTION dawdle()");
        });
        int keys = 40;
        List<Future<GroupInserter.Outcome>> outcomes = new ArrayList<>();
        try (GroupInserter other = new GroupInserter(new JobInsert(database.dataSource()), backlog())) {
            whileTheTableIsLocked(() -> {
                for (int i = 0; i < 4; i++) {
                    GroupInserter busied = i < 2 ? inserter : other;
                    Submission submission = submission(null, 1);
                    outcomes.add(clients.submit(() -> busied.insert(submission)));
                    int waiting = i + 1;
                    Eventually.becomes("a writer waits for the table", () -> waitingForLock() == waiting);
                }
                for (int i = 0; i < keys; i++) {
                    Submission ascending = submission("key-%02d".formatted(i), 1);
                    Submission descending = submission("key-%02d".formatted(keys - 1 - i), 1);
                    outcomes.add(clients.submit(() -> inserter.insert(ascending)));
                    outcomes.add(clients.submit(() -> other.insert(descending)));
                    int depth = i + 1;
                    Eventually.becomes("in this order", () -> inserter.depth() == depth && other.depth() == depth);
                }
            });
            for (Future<GroupInserter.Outcome> outcome : outcomes) {
                assertThat(outcome.get()).isInstanceOfAny(GroupInserter.Inserted.class, GroupInserter.Conflict.class);
            }
            assertThat(inserter.deadlocks() + other.deadlocks()).isZero();
        }
        assertThat(count("SELECT count(DISTINCT idempotency_key) FROM job")).isEqualTo(keys);
        assertThat(count("SELECT count(*) FROM job")).isEqualTo(keys + 4);
    }

    @Test
    void theSameJobTwiceIsAConflict() throws InterruptedException {
        Submission submission = submission(null, 1);
        assertThat(inserter.insert(submission)).isInstanceOf(GroupInserter.Inserted.class);
        assertThat(inserter.insert(submission)).isInstanceOf(GroupInserter.Conflict.class);
    }

    @Test
    void whatWasAcceptedBeforeTheCloseIsStored() throws Exception {
        List<Future<GroupInserter.Outcome>> outcomes = new ArrayList<>();
        whileTheTableIsLocked(() -> {
            for (int i = 0; i < 10; i++) {
                Submission submission = submission(null, 1);
                outcomes.add(clients.submit(() -> inserter.insert(submission)));
            }
            Eventually.becomes("all have been taken", () -> waitingForLock() > 0);
            clients.submit(() -> inserter.close());
        });
        for (Future<GroupInserter.Outcome> outcome : outcomes) {
            assertThat(outcome.get()).isInstanceOf(GroupInserter.Inserted.class);
        }
        assertThat(inserter.insert(submission(null, 1))).isInstanceOf(GroupInserter.Unavailable.class);
    }

    /** Two processes with two writers each, and far more submits than the tenant may have waiting. */
    @Test
    void aTenantGetsAsMuchIntoTheQueueAsItMayAndNoMore() throws Exception {
        sql("INSERT INTO tenant (tenant_id, most_queued) VALUES ('small', 70)");
        List<Future<GroupInserter.Outcome>> small = new ArrayList<>();
        List<Future<GroupInserter.Outcome>> free = new ArrayList<>();
        try (GroupInserter other = new GroupInserter(new JobInsert(database.dataSource()), backlog())) {
            for (int i = 0; i < 400; i++) {
                GroupInserter process = i % 2 == 0 ? inserter : other;
                Submission ofSmall = submission("small", null, 1);
                Submission ofOther = submission("default", "free-" + i, 1);
                small.add(clients.submit(() -> process.insert(ofSmall)));
                free.add(clients.submit(() -> process.insert(ofOther)));
            }
            int inserted = 0;
            for (Future<GroupInserter.Outcome> outcome : small) {
                assertThat(outcome.get()).isInstanceOfAny(GroupInserter.Inserted.class, GroupInserter.NoPlace.class);
                inserted += outcome.get() instanceof GroupInserter.Inserted ? 1 : 0;
            }
            assertThat(inserted).isEqualTo(70);
            for (Future<GroupInserter.Outcome> outcome : free) {
                assertThat(outcome.get()).isInstanceOf(GroupInserter.Inserted.class);
            }
            assertThat(inserter.deadlocks() + other.deadlocks()).isZero();
        }
        assertThat(count("SELECT count(*) FROM job WHERE tenant_id = 'small'")).isEqualTo(70);
        // What starts makes room.
        sql("UPDATE job SET state = 'canceled', finished_at = now() WHERE job_id ="
                + " (SELECT job_id FROM job WHERE tenant_id = 'small' LIMIT 1)");
        assertThat(inserter.insert(submission("small", null, 1))).isInstanceOf(GroupInserter.Inserted.class);
        assertThat(inserter.insert(submission("small", null, 1))).isEqualTo(new GroupInserter.NoPlace(70));
    }

    @Test
    void aWriterThatCannotCountATenantsJobsGoesOnWithTheOthers() throws Exception {
        sql("INSERT INTO tenant (tenant_id, most_queued) VALUES ('small', 70)");
        try (Connection counts = database.dataSource().getConnection();
                Statement statement = counts.createStatement()) {
            counts.setAutoCommit(false);
            statement.execute("SELECT pg_advisory_xact_lock(hashtext('safelight.backlog'), hashtext('small'))");
            // Of two writers one waits for its turn with this, and the other has nothing to do with it.
            Submission held = submission("small", null, 1);
            Future<GroupInserter.Outcome> waits = clients.submit(() -> inserter.insert(held));
            Eventually.becomes("it waits for its turn", () -> waitingForLock() == 1);
            for (int i = 0; i < 20; i++) {
                assertThat(inserter.insert(submission("default", null, 1))).isInstanceOf(GroupInserter.Inserted.class);
            }
            assertThat(waits.isDone()).isFalse();
            counts.commit();
            counts.setAutoCommit(true);
            assertThat(waits.get()).isInstanceOf(GroupInserter.Inserted.class);
        }
    }

    private List<Future<GroupInserter.Outcome>> whileTheTableIsLocked(int submissions, int bad) throws SQLException {
        List<Future<GroupInserter.Outcome>> outcomes = new ArrayList<>();
        whileTheTableIsLocked(() -> {
            for (int i = 0; i < submissions; i++) {
                // Zero steps break a CHECK.
                Submission submission = submission(null, i >= submissions - bad ? 0 : 1);
                outcomes.add(clients.submit(() -> inserter.insert(submission)));
                if (i < 2) {
                    int waiting = i + 1;
                    Eventually.becomes("a writer waits for the table", () -> waitingForLock() == waiting);
                }
            }
            Eventually.becomes("the others wait for a writer", () -> inserter.depth() == submissions - 2);
        });
        return outcomes;
    }

    private void whileTheTableIsLocked(Runnable submit) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("LOCK TABLE job IN SHARE MODE");
            submit.run();
            connection.commit();
            connection.setAutoCommit(true);
        }
    }

    private long waitingForLock() {
        return count(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()");
    }

    private long count(String sql) {
        return database.jdbi()
                .withHandle(handle -> handle.createQuery(sql).mapTo(long.class).one());
    }

    private Backlog backlog() {
        return new Backlog(database, Integer.MAX_VALUE, System::nanoTime);
    }

    private void sql(String statement) {
        database.jdbi().useHandle(handle -> handle.execute(statement));
    }

    private static Submission submission(String idempotencyKey, int steps) {
        return submission("default", idempotencyKey, steps);
    }

    private static Submission submission(String tenantId, String idempotencyKey, int steps) {
        UUID id = JobIds.next();
        byte[] hash = idempotencyKey == null ? null : "hash".getBytes(StandardCharsets.UTF_8);
        return new Submission(
                new JobKey(tenantId, id),
                null,
                "q",
                "m",
                "b",
                Priority.NORMAL,
                "{}",
                null,
                null,
                idempotencyKey,
                hash,
                null,
                steps,
                null,
                TimeLimits.NONE,
                null);
    }
}
