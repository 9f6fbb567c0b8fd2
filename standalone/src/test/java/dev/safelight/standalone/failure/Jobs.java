package dev.safelight.standalone.failure;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.job.JobState;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.testing.JavaProcess;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** The client's side of a test: submits over HTTP, keeps what was acknowledged, and audits it in the end. */
final class Jobs {
    private static final Duration RETRY = Duration.ofMillis(100);

    private final String url;
    private final Database database;
    private final ObjectStore objects;
    private final Supplier<String> lastWords;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private final List<UUID> acknowledged = new ArrayList<>();

    Jobs(String url, Database database, ObjectStore objects, Supplier<String> lastWords) {
        this.lastWords = lastWords;
        this.url = url;
        this.database = database;
        this.objects = objects;
    }

    /** Where the API listens. */
    String url() {
        return url;
    }

    static String body(String label, long seed, int steps) {
        return "{\"model\": \"tiny\", \"input\": {\"class\": \"%s\", \"seed\": %d, \"steps\": %d}}"
                .formatted(label, seed, steps);
    }

    /** Submits once. @return the id if it was acknowledged, null if the API could not be reached or was not able to */
    UUID trySubmit(String body, String idempotencyKey) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/v1/jobs"))
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", idempotencyKey)
                .timeout(Duration.ofSeconds(10))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() == 503) {
                return null;
            }
            assertThat(response.statusCode()).as(response.body()).isEqualTo(202);
            JsonNode job = Json.MAPPER.readTree(response.body());
            UUID id = UUID.fromString(job.get("id").asText());
            if (!acknowledged.contains(id)) {
                acknowledged.add(id);
            }
            return id;
        } catch (IOException e) {
            return null;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Submits until acknowledged, as a client with an Idempotency-Key does. */
    UUID submit(String body) {
        String key = UUID.randomUUID().toString();
        long end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (System.nanoTime() < end) {
            UUID id = trySubmit(body, key);
            if (id != null) {
                return id;
            }
            LockSupport.parkNanos(RETRY.toNanos());
        }
        throw new AssertionError("no API acknowledged the job");
    }

    void cancel(UUID job) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/v1/jobs/" + job + "/cancel"))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
        try {
            HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).as(response.body()).isBetween(200, 202);
        } catch (IOException | InterruptedException e) {
            throw new AssertionError("the cancel did not arrive", e);
        }
    }

    List<UUID> acknowledged() {
        return acknowledged;
    }

    long count(String condition) {
        return database.jdbi()
                .withHandle(handle -> handle.createQuery("SELECT count(*) FROM job WHERE " + condition)
                        .mapTo(long.class)
                        .one());
    }

    Map<String, Object> row(UUID job) {
        return database.jdbi()
                .withHandle(handle -> handle.createQuery("SELECT * FROM job WHERE job_id = :job")
                        .bind("job", job)
                        .mapToMap()
                        .one());
    }

    JobState state(UUID job) {
        return JobState.of((String) row(job).get("state"));
    }

    /** Looks until so many rows fit; the deadline is a safety net, not a measure. */
    void await(String condition, long atLeast, Duration patience) {
        long end = System.nanoTime() + patience.toNanos();
        long found = -1;
        while (System.nanoTime() < end) {
            try {
                found = count(condition);
                if (found >= atLeast) {
                    return;
                }
            } catch (org.jdbi.v3.core.JdbiException e) {
                // Postgres is one of the things that tests stop.
            }
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        }
        throw new AssertionError(found + " jobs, not " + atLeast + ", are " + condition + " after " + patience + ": "
                + states() + " " + stuck() + lastWords.get());
    }

    /**
     * Every job reaches an end: those that were acknowledged, and those that an API had committed when it died before it
     * could say so.
     */
    void awaitAllEnded(Duration patience) {
        long end = System.nanoTime() + patience.toNanos();
        while (!allEnded()) {
            assertThat(System.nanoTime())
                    .as("%s %s %s", states(), stuck(), lastWords.get())
                    .isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        }
    }

    private boolean allEnded() {
        try {
            return count("finished_at IS NULL") == 0 && count("true") >= acknowledged.size();
        } catch (org.jdbi.v3.core.JdbiException e) {
            return false; // Postgres is one of the things that tests stop
        }
    }

    /** A worker is listed, so the relay releases jobs. */
    void awaitWorker(Duration patience) {
        long end = System.nanoTime() + patience.toNanos();
        while (number("SELECT count(*) FROM worker WHERE beat_at > now() - interval '1 s'") == 0) {
            assertThat(System.nanoTime())
                    .as("no worker beats: %s", lastWords.get())
                    .isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        }
    }

    /** @return whether so many jobs ended, before the process did */
    boolean awaitEndedOrDead(long ended, JavaProcess process, Duration patience) {
        long end = System.nanoTime() + patience.toNanos();
        while (process.isAlive()) {
            if (count("finished_at IS NOT NULL") >= ended) {
                return true;
            }
            assertThat(System.nanoTime())
                    .as("%s %s %s", states(), stuck(), lastWords.get())
                    .isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        }
        return false;
    }

    Map<String, Integer> states() {
        Map<String, Integer> states = new TreeMap<>();
        database.jdbi()
                .useHandle(handle -> handle.createQuery("SELECT state, count(*)::int AS jobs FROM job GROUP BY state")
                        .map((row, context) -> Map.entry(row.getString("state"), row.getInt("jobs")))
                        .forEach(entry -> states.put(entry.getKey(), entry.getValue())));
        return states;
    }

    private List<Map<String, Object>> stuck() {
        return database.jdbi()
                .withHandle(handle -> handle.createQuery(
                                "SELECT job_id, state, attempt, crashes, strikes, alone,"
                                        + " released_at, express, available_at, lease_until, now() FROM job WHERE finished_at IS NULL LIMIT 5")
                        .mapToMap()
                        .list());
    }

    /**
     * Checks the promise: every acknowledged job ended once, no attempt but the last left anything visible, and a job that
     * succeeded has exactly its outputs, whose bytes are there. Prints what happened.
     */
    void audit(String test) {
        assertThat(count("finished_at IS NULL")).as("stuck jobs: %s", stuck()).isZero();
        // An API that died after a commit has jobs that nobody was told of: the promise holds for them all the same.
        List<UUID> all = database.jdbi()
                .withHandle(handle -> handle.createQuery("SELECT job_id FROM job")
                        .mapTo(UUID.class)
                        .list());
        assertThat(all).as("no acknowledged job is lost").containsAll(acknowledged);
        for (UUID job : all) {
            Map<String, Object> row = row(job);
            List<String> ends = strings(
                    "SELECT type FROM job_event WHERE job_id = :job AND type IN ('succeeded', 'failed', 'canceled', 'expired')",
                    job);
            assertThat(ends).as("ends of %s", row).containsExactly((String) row.get("state"));
            assertThat(strings(
                            "SELECT attempt::text FROM job_event WHERE job_id = :job AND type = 'started' ORDER BY event_id",
                            job))
                    .as("each attempt started once: %s", row)
                    .isEqualTo(java.util.stream.IntStream.rangeClosed(1, (Integer) row.get("attempt"))
                            .mapToObj(Integer::toString)
                            .toList());
            auditOutputs(job, row);
        }
        long starts = number("SELECT count(*) FROM job_event WHERE type = 'started'");
        System.out.println(test + ": " + acknowledged.size() + " jobs acknowledged of " + all.size() + ", now "
                + states() + "; " + starts
                + " starts; "
                + number("SELECT coalesce(sum(crashes), 0) FROM job") + " crashes, "
                + number("SELECT count(*) FROM job_event WHERE type = 'returned'") + " returns");
    }

    /**
     * While Kafka keeps its records, jobs start through the first record that was sent for them. A record sent again,
     * because nobody had claimed its job for as long as in production, is the fallback: at most one start in a hundred may
     * be by one. There is no third way, which an ArchUnit test holds.
     */
    void auditRecords() {
        long starts = number("SELECT count(*) FROM job_event WHERE type = 'started'");
        long again = sentAgain();
        assertThat(100 * again)
                .as("%s records sent again for %s starts", again, starts)
                .isLessThanOrEqualTo(starts);
        System.out.println(starts + " starts, " + again + " records sent again");
    }

    /** What the API that runs now has counted. */
    private long sentAgain() {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(url + "/metrics")).GET().build();
        try {
            String name = "safelight_relay_released_again_total ";
            return http.send(request, HttpResponse.BodyHandlers.ofLines())
                    .body()
                    .filter(line -> line.startsWith(name))
                    .map(line -> (long) Double.parseDouble(line.substring(name.length())))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("the API does not count the records that it sends again"));
        } catch (IOException | InterruptedException e) {
            throw new AssertionError("no metrics", e);
        }
    }

    private void auditOutputs(UUID job, Map<String, Object> row) {
        List<Map<String, Object>> outputs = database.jdbi()
                .withHandle(handle -> handle.createQuery(
                                "SELECT ordinal, attempt, object_key, bytes, encode(sha256, 'hex') AS sha256"
                                        + " FROM job_output WHERE job_id = :job")
                        .bind("job", job)
                        .mapToMap()
                        .list());
        if (!row.get("state").equals("succeeded")) {
            assertThat(outputs).isEmpty();
            return;
        }
        assertThat(outputs).as("outputs of %s", row).hasSize(1);
        Map<String, Object> output = outputs.getFirst();
        assertThat(output).containsEntry("attempt", row.get("attempt"));
        try (InputStream in = objects.open((String) output.get("object_key"), 0, (Long) output.get("bytes") - 1)) {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(in.readAllBytes());
            assertThat(HexFormat.of().formatHex(digest)).isEqualTo(output.get("sha256"));
        } catch (IOException | NoSuchAlgorithmException e) {
            throw new AssertionError("the output of " + row + " cannot be read", e);
        }
    }

    private List<String> strings(String sql, UUID job) {
        return database.jdbi()
                .withHandle(handle -> handle.createQuery(sql)
                        .bind("job", job)
                        .mapTo(String.class)
                        .list());
    }

    /** One column of text. */
    List<String> strings(String sql) {
        return database.jdbi()
                .withHandle(
                        handle -> handle.createQuery(sql).mapTo(String.class).list());
    }

    long number(String sql) {
        return database.jdbi()
                .withHandle(handle -> handle.createQuery(sql).mapTo(long.class).one());
    }
}
