package dev.safelight.standalone.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.ApiServer;
import dev.safelight.api.ApiSettings;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobError;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.job.Priority;
import dev.safelight.common.job.Transition;
import dev.safelight.common.store.Database;
import dev.safelight.embedded.testing.TestJobs;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.worker.store.JobStore;
import dev.safelight.worker.store.Settlement;
import dev.safelight.worker.store.Spent;
import dev.safelight.worker.store.StoredOutput;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Visits every edge of the state machine by the statements that production uses. */
class LifeCycleTest {
    private static final JobError ERROR = new JobError("test", "a test said so");
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static Database database;
    private static TestJobs jobs;
    private static JobStore worker;
    private static ApiServer api;

    @BeforeAll
    static void start() throws IOException {
        DatabaseSettings settings = TestServers.newDatabase();
        database = Database.open(settings, "test");
        jobs = new TestJobs(database, "life-" + UUID.randomUUID(), "tiny", "v1");
        worker = new JobStore(database, UUID.randomUUID(), Duration.ofMinutes(5));
        api = ApiServer.start(ApiSettings.read(new Settings(Map.of(
                "SAFELIGHT_DATABASE_URL", settings.url(),
                "SAFELIGHT_DATABASE_USER", settings.user(),
                "SAFELIGHT_DATABASE_PASSWORD", settings.password(),
                "SAFELIGHT_KAFKA", TestServers.kafka().bootstrapServers(),
                "SAFELIGHT_STORE_FOLDER", TestServers.newFolder("outputs").toString(),
                "SAFELIGHT_MODELS",
                        Path.of(System.getProperty("safelight.root"), "worker", "src", "test", "resources", "bundles")
                                .toString(),
                "SAFELIGHT_HTTP_PORT", "0",
                "SAFELIGHT_RESCUE_GRACE", "0s",
                "SAFELIGHT_RESCUE_INTERVAL", "100ms"))));
    }

    @AfterAll
    static void stop() {
        api.close();
        database.close();
    }

    @ParameterizedTest
    @EnumSource
    void everyEdgeIsTakenByRealSql(Transition edge) throws Exception {
        JobKey job = jobs.queued("default", Priority.NORMAL);
        if (edge.from() == JobState.RUNNING) {
            claim(job);
        }
        assertThat(jobs.state(job)).isEqualTo(edge.from());
        take(edge, job);
        awaitState(job, edge.to());
        if (edge.to().terminal()) {
            assertThat(jobs.events(job)).last().isEqualTo(edge.to().word());
            assertThatNothingMovesIt(job, edge.to());
        }
    }

    private static void take(Transition edge, JobKey job) throws Exception {
        Fence fence = new Fence(job, 1);
        switch (edge) {
            case CLAIM -> claim(job);
            case SUCCEED ->
                worker.settle(
                        fence,
                        new Settlement.Succeed(
                                List.of(new StoredOutput(0, "outputs/x", "image/png", 1, 1, 1, "00".repeat(32), 1))),
                        Spent.NOTHING);
            case FAIL -> worker.settle(fence, new Settlement.Fail(ERROR), Spent.NOTHING);
            case RETURN -> worker.settle(fence, new Settlement.GiveBack(ERROR, true, Duration.ZERO), Spent.NOTHING);
            case RESCUE -> jobs.update(job, "lease_until = now() - interval '1 s'");
            case GIVE_UP -> jobs.update(job, "lease_until = now() - interval '1 s', alone = true, strikes = 2");
            case CANCEL_RUNNING -> worker.settle(fence, new Settlement.Cancel(), Spent.NOTHING);
            case CANCEL_QUEUED -> cancel(job, 200);
            case EXPIRE -> jobs.update(job, "deadline = now() - interval '1 s'");
        }
    }

    private static void assertThatNothingMovesIt(JobKey job, JobState end) throws Exception {
        Fence fence = new Fence(job, 1);
        assertThat(worker.claim(List.of(job))).isEmpty();
        assertThat(worker.settle(fence, new Settlement.Cancel(), Spent.NOTHING)).isEmpty();
        assertThat(worker.settle(fence, new Settlement.GiveBack(ERROR, true, Duration.ZERO), Spent.NOTHING))
                .isEmpty();
        cancel(job, 409);
        assertThat(jobs.state(job)).isEqualTo(end);
    }

    private static void claim(JobKey job) {
        assertThat(worker.claim(List.of(job))).hasSize(1);
    }

    private static void cancel(JobKey job, int status) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpResponse<String> response = http.send(
                    HttpRequest.newBuilder(URI.create(api.url() + "/v1/jobs/" + job.jobId() + "/cancel"))
                            .POST(HttpRequest.BodyPublishers.noBody())
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        }
    }

    private static void awaitState(JobKey job, JobState state) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (jobs.state(job) != state) {
            assertThat(System.nanoTime()).as("%s", jobs.row(job)).isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
    }
}
