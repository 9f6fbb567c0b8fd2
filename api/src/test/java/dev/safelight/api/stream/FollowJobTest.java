package dev.safelight.api.stream;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.Eventually;
import dev.safelight.api.TestApi;
import dev.safelight.api.stream.TestStream.Event;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The event stream as clients see it. No worker signals anything here: what arrives was found by a look at Postgres. */
class FollowJobTest {
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
    void aJobsLifeIsToldInOrderAndTheStreamEndsWithIt() {
        UUID job = api.submit().id();
        try (TestStream stream = TestStream.open(api, path(job))) {
            assertThat(stream.status()).isEqualTo(200);
            assertThat(stream.header("Content-Type")).isEqualTo("text/event-stream");
            assertThat(stream.header("Cache-Control")).isEqualTo("no-store");
            Event queued = stream.next();
            assertThat(queued.type()).isEqualTo("queued");
            assertThat(queued.id()).isEqualTo("0");
            assertThat(queued.data().path("job_id").textValue()).isEqualTo(job.toString());
            assertThat(queued.data().path("at").textValue())
                    .isEqualTo(api.get("/v1/jobs/" + job).at("/created_at").textValue());
            assertThat(queued.data().has("reason")).isFalse();
            start(job);
            Event started = stream.next();
            assertThat(started.type()).isEqualTo("started");
            assertThat(started.data().path("attempt").intValue()).isEqualTo(1);
            giveBack(job);
            Event again = stream.next();
            assertThat(again.type()).isEqualTo("queued");
            assertThat(again.data().at("/reason/code").textValue()).isEqualTo("draining");
            start(job);
            assertThat(stream.next().data().path("attempt").intValue()).isEqualTo(2);
            succeed(job);
            List<Event> end = stream.rest();
            assertThat(end).extracting(Event::type).containsExactly("output", "succeeded");
            JsonNode got = api.get("/v1/jobs/" + job).json();
            assertThat(end.getFirst().data()).isEqualTo(got.at("/outputs/0"));
            assertThat(end.getLast().data()).isEqualTo(got);
        }
    }

    @Test
    void everyPositionIsReplayedExactlyByAnyProcessAndAfterARestart() {
        UUID job = api.submit().id();
        start(job);
        giveBack(job);
        start(job);
        succeed(job);
        List<Event> all = events(api, job, -1);
        assertThat(all)
                .extracting(Event::type)
                .containsExactly("queued", "started", "queued", "started", "output", "succeeded");
        List<Long> ids = all.stream().map(event -> Long.parseLong(event.id())).toList();
        assertThat(ids).isSorted().doesNotHaveDuplicates();
        List<TestApi> others = new ArrayList<>();
        try {
            TestApi other = TestApi.beside(api);
            others.add(other);
            for (int position = 0; position < ids.size() - 1; position++) {
                List<Event> missing = all.subList(position + 1, all.size());
                assertThat(events(api, job, ids.get(position))).isEqualTo(missing);
                assertThat(events(other, job, ids.get(position))).isEqualTo(missing);
            }
            other.close();
            TestApi restarted = TestApi.beside(api);
            others.set(0, restarted);
            for (int position = 0; position < ids.size() - 1; position++) {
                assertThat(events(restarted, job, ids.get(position))).isEqualTo(all.subList(position + 1, all.size()));
            }
            assertThat(restarted
                            .get(path(job), "Last-Event-ID", ids.getLast().toString())
                            .status())
                    .isEqualTo(204);
        } finally {
            others.forEach(TestApi::close);
        }
    }

    @Test
    void aClientThatMovesToAnotherProcessInTheMiddleMissesNothingAndSeesNothingTwice() {
        UUID job = api.submit().id();
        TestApi other = TestApi.beside(api);
        try {
            String last;
            try (TestStream first = TestStream.open(other, path(job))) {
                first.next();
                start(job);
                last = first.next().id();
                // The process goes down in order; its streams end without a terminal event.
                other.close();
                assertThat(first.rest()).isEmpty();
            }
            giveBack(job);
            try (TestStream second = TestStream.open(api, path(job), "Last-Event-ID", last)) {
                assertThat(second.next().data().at("/reason/code").textValue()).isEqualTo("draining");
                cancel(job);
                assertThat(second.rest()).extracting(Event::type).containsExactly("canceled");
            }
        } finally {
            other.close();
        }
    }

    @Test
    void theHeaderCountsMoreThanTheQuery() {
        UUID job = api.submit().id();
        start(job);
        try (TestStream byQuery = TestStream.open(api, path(job) + "?last_event_id=0");
                TestStream both = TestStream.open(api, path(job) + "?last_event_id=0", "Last-Event-ID", "");
                TestStream whole = TestStream.open(api, path(job))) {
            assertThat(byQuery.next().type()).isEqualTo("started");
            // An empty id is none: from the beginning.
            assertThat(both.next().type()).isEqualTo("queued");
            assertThat(whole.next().type()).isEqualTo("queued");
            cancelRunning(job);
            assertThat(byQuery.rest()).extracting(Event::type).containsExactly("canceled");
        }
    }

    @Test
    void whatIsNoneOfItsBusinessIsRefused() {
        UUID job = api.submit().id();
        assertThat(api.get(path(UUID.randomUUID())).status()).isEqualTo(404);
        assertThat(api.get(path(job), "Last-Event-ID", "eleven").status()).isEqualTo(400);
        assertThat(api.get(path(job) + "?last_event_id=-1").status()).isEqualTo(400);
        api.execute(
                "INSERT INTO job (tenant_id, job_id, queue, model, bundle, input, steps) SELECT 'other', job_id, queue,"
                        + " model, bundle, input, steps FROM job WHERE job_id = ?",
                job);
        api.execute("DELETE FROM job WHERE tenant_id = 'default' AND job_id = ?", job);
        assertThat(api.get(path(job)).status()).isEqualTo(404);
    }

    @Test
    void aStreamOfARemovedJobEnds() {
        UUID job = api.submit().id();
        try (TestStream stream = TestStream.open(api, path(job))) {
            stream.next();
            api.execute("DELETE FROM job WHERE job_id = ?", job);
            assertThat(stream.rest()).isEmpty();
        }
    }

    @Test
    void whoeverDoesNotReadIsCutAndMayComeBack() throws Exception {
        UUID job = api.submit().id();
        start(job);
        double cut = metric("safelight_streams_cut_total");
        try (Socket socket = new Socket()) {
            socket.setReceiveBufferSize(4096);
            socket.connect(new InetSocketAddress("127.0.0.1", api.server().port()));
            socket.getOutputStream()
                    .write(("GET " + path(job) + " HTTP/1.1\r\nHost: test\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            Eventually.becomes("a stream", () -> metric("safelight_streams") == 1);
            // More than the kernel takes for anybody, in pieces that each could wait.
            for (int round = 0; metric("safelight_streams_cut_total") == cut; round++) {
                assertThat(round).as("rounds of 200 kB without being cut").isLessThan(500);
                api.execute(
                        "INSERT INTO job_event (tenant_id, job_id, type, attempt, data) SELECT 'default', ?, 'returned', 1,"
                                + " json_build_object('code', 'c', 'message', repeat('x', 1000)) FROM generate_series(1, 200)",
                        job);
                api.get("/health/live");
            }
            Eventually.becomes("it is gone", () -> metric("safelight_streams") == 0);
        }
        long stored = api.database()
                .jdbi()
                .withHandle(handle -> handle.createQuery("SELECT count(*) FROM job_event WHERE job_id = :job")
                        .bind("job", job)
                        .mapTo(long.class)
                        .one());
        cancelRunning(job);
        assertThat(events(api, job, 0)).hasSize((int) stored + 1);
    }

    private static double metric(String name) {
        return api.get("/metrics")
                .text()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow();
    }

    private static String path(UUID job) {
        return "/v1/jobs/" + job + "/events";
    }

    /** Of a job that is over. */
    private static List<Event> events(TestApi from, UUID job, long after) {
        try (TestStream stream = after < 0
                ? TestStream.open(from, path(job))
                : TestStream.open(from, path(job), "Last-Event-ID", Long.toString(after))) {
            return stream.rest();
        }
    }

    private static void start(UUID job) {
        move(
                job,
                "state = 'running', attempt = attempt + 1, owner = gen_random_uuid(),"
                        + " lease_until = now() + interval '1 hour', started_at = coalesce(started_at, now())",
                event("started", null));
    }

    private static void giveBack(UUID job) {
        move(
                job,
                "state = 'queued', owner = NULL, lease_until = NULL",
                event("returned", "{\"code\": \"draining\", \"message\": \"the worker is shutting down\"}"));
    }

    private static void succeed(UUID job) {
        move(
                job,
                "state = 'succeeded', owner = NULL, lease_until = NULL, finished_at = now()",
                "INSERT INTO job_output (tenant_id, job_id, ordinal, attempt, object_key, content_type, width, height,"
                        + " bytes, sha256, seed) SELECT tenant_id, job_id, 0, attempt, 'outputs/x', 'image/png', 4, 4, 5,"
                        + " sha256('image'), 7 FROM job WHERE job_id = :job",
                event("output", "{\"ordinal\": 0}"),
                event("succeeded", null));
    }

    private static void cancel(UUID job) {
        assertThat(api.post("/v1/jobs/" + job + "/cancel", "").status()).isEqualTo(200);
    }

    private static void cancelRunning(UUID job) {
        move(job, "state = 'canceled', owner = NULL, lease_until = NULL, finished_at = now()", event("canceled", null));
    }

    private static String event(String type, String data) {
        return "INSERT INTO job_event (tenant_id, job_id, type, attempt, data) SELECT tenant_id, job_id, '" + type
                + "', attempt, " + (data == null ? "NULL" : "'" + data + "'::jsonb") + " FROM job WHERE job_id = :job";
    }

    /** State and events in one transaction, as every move of the product. */
    private static void move(UUID job, String assignments, String... inserts) {
        api.database().jdbi().useTransaction(handle -> {
            List<String> statements =
                    new ArrayList<>(List.of("UPDATE job SET " + assignments + " WHERE job_id = :job"));
            statements.addAll(List.of(inserts));
            for (String statement : statements) {
                assertThat(handle.createUpdate(statement).bind("job", job).execute())
                        .isPositive();
            }
        });
    }
}
