package dev.safelight.api.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.events.JobWatch;
import dev.safelight.api.events.LivePreviews;
import dev.safelight.api.events.LiveProgress;
import dev.safelight.api.http.Outlet;
import dev.safelight.api.http.Reply;
import dev.safelight.api.query.Fleet;
import dev.safelight.api.query.JobQueries;
import dev.safelight.api.query.JobViews;
import dev.safelight.common.event.Signal;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.job.Priority;
import dev.safelight.common.store.Database;
import dev.safelight.embedded.testing.TestJobs;
import dev.safelight.embedded.testing.TestServers;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** All streams of a process, on rows in Postgres, with loops that run when the test says so. */
class EventStreamsTest {
    private static Database database;
    private static TestJobs jobs;

    private final LiveProgress progress = new LiveProgress();
    /** Never started: nobody looks at Postgres. */
    private final JobWatch watch = new JobWatch(database);

    private final JobQueries queries = new JobQueries(database);
    private final EventStreams streams = new EventStreams(
            database,
            watch,
            queries,
            new JobViews(
                    queries, new Fleet(database, Clock.systemUTC()), progress, "", Clock.systemUTC(), Optional.empty()),
            progress,
            new LivePreviews(1 << 20),
            Clock.systemUTC(),
            new SimpleMeterRegistry());

    @BeforeAll
    static void start() {
        database = Database.open(TestServers.newDatabase(), "test");
        jobs = new TestJobs(database, "q", "m", "b");
    }

    @AfterAll
    static void stop() {
        database.close();
    }

    @Test
    void aSignalIsEnoughToReadWhatWasCommitted() {
        JobKey job = jobs.queued("default", Priority.NORMAL);
        Client client = follow(job, -1);
        run();
        assertThat(client.text).contains("event: queued\nid: 0\n");
        claim(job);
        run();
        assertThat(client.text).as("nobody said anything").doesNotContain("started");
        signal(job, 1, JobState.RUNNING, 0);
        run();
        assertThat(client.text).contains("event: started\n").doesNotContain("progress");
        signal(job, 1, JobState.RUNNING, 3);
        run();
        assertThat(client.text).endsWith("event: progress\ndata: {\"attempt\":1,\"step\":3,\"of\":4,\"eta\":0.3}\n\n");
        move(job, "state = 'queued', owner = NULL, lease_until = NULL", "returned");
        signal(job, 1, JobState.QUEUED, 3);
        run();
        assertThat(client.text).containsPattern("event: queued\nid: [1-9]");
        move(job, "state = 'canceled', finished_at = now()", "canceled");
        watch.hint(job, true);
        run();
        assertThat(client.text).contains("event: canceled\n");
        assertThat(client.ended).isTrue();
        assertThat(streams.count()).isZero();
    }

    @Test
    void oneReadServesAllStreamsOfAJobWhereverTheyAre() {
        JobKey job = jobs.queued("default", Priority.NORMAL);
        Client first = follow(job, -1);
        run();
        claim(job);
        Client second = follow(job, 0);
        Client third = follow(job, -1);
        run();
        assertThat(first.text).containsOnlyOnce("event: queued").containsOnlyOnce("event: started");
        assertThat(second.text).doesNotContain("event: queued").containsOnlyOnce("event: started");
        assertThat(third.text).containsOnlyOnce("event: queued").containsOnlyOnce("event: started");
        first.source.closed();
        second.source.closed();
        assertThat(streams.count()).isEqualTo(1);
        third.source.closed();
        assertThat(streams.count()).isZero();
    }

    @Test
    void aClientThatComesBackInTheMiddleOfARunGetsItsProgress() {
        JobKey job = jobs.queued("default", Priority.NORMAL);
        claim(job);
        long started = lastEvent(job);
        signal(job, 1, JobState.RUNNING, 2);
        Client client = follow(job, started);
        run();
        assertThat(client.text).doesNotContain("id: ").contains("\"step\":2");
        Client behind = follow(job, 0);
        run();
        assertThat(behind.text).containsSubsequence("event: started", "\"step\":2");
    }

    private void run() {
        streams.readOnce();
        streams.beatOnce();
    }

    private Client follow(JobKey job, long position) {
        Client client = new Client(streams.follow(job, position));
        client.source.open(client);
        return client;
    }

    private void signal(JobKey job, int attempt, JobState state, int step) {
        Signal.Entry entry = new Signal.Entry(job.tenantId(), job.jobId(), attempt, state, step, 4, 0.26);
        progress.take(entry);
        streams.signalled(entry);
    }

    private static void claim(JobKey job) {
        move(
                job,
                "state = 'running', attempt = attempt + 1, owner = gen_random_uuid(), started_at = now(),"
                        + " lease_until = now() + interval '1 hour'",
                "started");
    }

    private static void move(JobKey job, String assignments, String event) {
        jobs.update(job, assignments);
        database.jdbi()
                .useHandle(handle -> handle.execute(
                        "INSERT INTO job_event (tenant_id, job_id, type, attempt) SELECT tenant_id, job_id, ?, attempt"
                                + " FROM job WHERE job_id = ?",
                        event,
                        job.jobId()));
    }

    private static long lastEvent(JobKey job) {
        return database.jdbi()
                .withHandle(handle -> handle.createQuery("SELECT max(event_id) FROM job_event WHERE job_id = :job")
                        .bind("job", job.jobId())
                        .mapTo(long.class)
                        .one());
    }

    /** Reads at once. */
    private static final class Client implements Outlet {
        private final Reply.Source source;
        private String text = "";
        private boolean ended;

        Client(Reply.Source source) {
            this.source = source;
        }

        @Override
        public CompletionStage<Void> send(byte[] bytes) {
            text += new String(bytes, StandardCharsets.UTF_8);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<Void> end() {
            ended = true;
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void cut() {
            throw new AssertionError("nobody is slow here");
        }
    }
}
