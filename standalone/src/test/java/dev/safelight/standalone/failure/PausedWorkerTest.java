package dev.safelight.standalone.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.store.ObjectStore;
import dev.safelight.embedded.testing.JavaProcess;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A worker stands still for longer than its lease and then goes on as if nothing had happened. */
class PausedWorkerTest {
    private static final int ROUNDS = Boolean.getBoolean("safelight.long") ? 5 : 1;
    private static final Map<String, String> SLOW = Map.of("TEST_CALL_MILLIS", "50");

    @Test
    void theLateWorkersWritesAreRefused() {
        try (Cluster cluster = new Cluster();
                JavaProcess api = cluster.api(Map.of())) {
            Jobs jobs = cluster.jobs();
            for (int round = 0; round < ROUNDS; round++) {
                try (JavaProcess paused = Cluster.ready(cluster.worker(SLOW))) {
                    UUID job = jobs.submit(Jobs.body("circle", round, 40));
                    jobs.await("state = 'running' AND step > 0", 1, Duration.ofSeconds(60));
                    paused.pause();
                    try (JavaProcess other = Cluster.ready(cluster.worker(SLOW))) {
                        jobs.await(
                                "job_id = '" + job + "' AND attempt = 2 AND state = 'running'",
                                1,
                                Duration.ofSeconds(60));
                        paused.resume();
                        paused.awaitLine(line -> line.contains("all attempts stop"), Duration.ofSeconds(30));
                        jobs.awaitAllEnded(Duration.ofMinutes(2));
                        assertThat(jobs.row(job)).containsEntry("attempt", 2).containsEntry("crashes", 1);
                        // It goes on as a worker: with the other one gone the next job is its own.
                        other.terminate();
                        assertThat(other.awaitExit(Duration.ofSeconds(20))).isZero();
                        jobs.submit(Jobs.body("square", round, 3));
                        jobs.awaitAllEnded(Duration.ofMinutes(1));
                    }
                }
            }
            jobs.audit("paused worker, " + ROUNDS + " pauses beyond the lease");
            assertThat(jobs.states()).containsOnlyKeys("succeeded");
            assertThat(api.isAlive()).isTrue();
        }
    }

    /**
     * As on a virtual machine that was suspended: the clock that should have told the worker stood still with it, so only
     * the fence is left.
     */
    @Test
    void aWorkerThatNoticesNothingLeavesFilesThatAreSwept() throws IOException {
        Map<String, String> unaware = Map.of(
                "TEST_CALL_MILLIS", "50",
                "TEST_UNCHECKED", "true",
                "SAFELIGHT_BEAT", "10m",
                "SAFELIGHT_SELF_FENCE", "10m");
        try (Cluster cluster = new Cluster();
                JavaProcess api = cluster.api(Map.of(
                        "SAFELIGHT_WORKER_TIMEOUT",
                        "30s",
                        "SAFELIGHT_SWEEP_INTERVAL",
                        "300ms",
                        "SAFELIGHT_SWEEP_AGE",
                        "1s"));
                JavaProcess late = Cluster.ready(cluster.worker(unaware))) {
            Jobs jobs = cluster.jobs();
            UUID job = jobs.submit(Jobs.body("circle", 1, 60));
            jobs.await("state = 'running'", 1, Duration.ofSeconds(60));
            late.pause();
            Set<String> keys;
            try (JavaProcess other = Cluster.ready(cluster.worker(SLOW))) {
                jobs.awaitAllEnded(Duration.ofMinutes(2));
                assertThat(jobs.row(job)).containsEntry("attempt", 2).containsEntry("state", "succeeded");
                keys = keys(cluster);
                late.resume();
                // The late worker stores its image under its own attempt, and its result is refused.
                awaitKeys(cluster, found -> found.size() > keys.size(), "the late file was never written");
                awaitKeys(cluster, keys::equals, "the late file was not swept");
                assertThat(other.isAlive()).isTrue();
            }
            assertThat(keys).hasSize(1).allMatch(key -> key.contains("/2/"));
            jobs.audit("paused worker that did not notice, its late file swept");
            assertThat(api.isAlive() && late.isAlive()).isTrue();
        }
    }

    private static void awaitKeys(Cluster cluster, Predicate<Set<String>> fits, String otherwise) throws IOException {
        long end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        while (!fits.test(keys(cluster))) {
            assertThat(System.nanoTime()).as(otherwise).isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
    }

    private static Set<String> keys(Cluster cluster) throws IOException {
        try (Stream<ObjectStore.Entry> entries = cluster.objects().list("outputs/")) {
            return entries.map(ObjectStore.Entry::key).collect(Collectors.toSet());
        }
    }
}
