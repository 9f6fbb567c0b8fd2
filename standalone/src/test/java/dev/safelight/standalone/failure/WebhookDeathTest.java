package dev.safelight.standalone.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.wire.Json;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** API, worker and the receiver of the webhooks are killed at random moments, one after the other and again. */
class WebhookDeathTest {
    private static final boolean LONG = Boolean.getBoolean("safelight.long");
    private static final int JOBS = LONG ? 10_000 : 500;
    private static final int KILLS = LONG ? 60 : 3;
    private static final String SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    private static final Duration PATIENCE = Duration.ofMinutes(LONG ? 20 : 3);
    /** As in production, but quick; the lease of an attempt is twice its timeout. */
    private static final Map<String, String> QUICK = Map.of(
            "SAFELIGHT_WEBHOOK_ALLOW",
            "127.0.0.1",
            "SAFELIGHT_WEBHOOK_PORTS",
            "any",
            "SAFELIGHT_WEBHOOK_INTERVAL",
            "200ms",
            "SAFELIGHT_WEBHOOK_TIMEOUT",
            "2s",
            "SAFELIGHT_WEBHOOK_DELAYS",
            "0s,200ms,500ms,1s,2s,3s,5s,5s,10s,10s,20s,20s");

    private record Line(String path, String id, UUID job, String type, String state, String verdict) {
        static Line of(String text) {
            String[] words = text.split(" ");
            return new Line(words[0], words[1], UUID.fromString(words[2]), words[3], words[4], words[5]);
        }
    }

    @Test
    void everyTerminalJobsWebhookArrivesAtLeastOnceAndUnderOneId() throws IOException, InterruptedException {
        Random random = new Random(12);
        Path file = TestServers.newFolder("received").resolve("messages");
        int port = freePort();
        String receiverUrl = "http://127.0.0.1:" + port;
        try (Cluster cluster = new Cluster()) {
            JavaProcess api = cluster.api(QUICK);
            JavaProcess worker = cluster.worker(Map.of());
            JavaProcess receiver = receiver(port, file);
            Jobs jobs = cluster.jobs();
            addEndpoint(jobs.url(), receiverUrl + "/endpoint");
            Cluster.ready(worker);
            jobs.awaitWorker(Duration.ofSeconds(30));
            int undelivered = 0;
            for (int kill = 0; kill < KILLS; kill++) {
                for (int i = jobs.acknowledged().size(); i < JOBS * (kill + 1) / KILLS; i++) {
                    jobs.submit(body(i, receiverUrl + "/job"));
                }
                jobs.await(
                        "finished_at IS NOT NULL",
                        JOBS * kill / KILLS + random.nextInt(JOBS / KILLS / 2),
                        Duration.ofMinutes(2));
                switch (kill % 3) {
                    case 0 -> {
                        api.kill();
                        undelivered += pending(jobs) > 0 ? 1 : 0;
                        api = cluster.api(QUICK);
                    }
                    case 1 -> {
                        receiver.kill();
                        undelivered += pending(jobs) > 0 ? 1 : 0;
                        receiver = receiver(port, file);
                    }
                    default -> {
                        worker.kill();
                        worker = cluster.worker(Map.of());
                        Cluster.ready(worker);
                    }
                }
            }
            jobs.awaitAllEnded(PATIENCE);
            awaitDelivered(jobs);
            assertThat(undelivered).as("kills that hit deliveries").isPositive();
            audit(jobs, Files.readAllLines(file).stream().map(Line::of).toList());
            receiver.kill();
            worker.kill();
            api.kill();
            jobs.audit("webhooks, " + KILLS + " kills");
        }
    }

    private static void audit(Jobs jobs, List<Line> lines) {
        assertThat(lines)
                .as("every message verifies")
                .allMatch(line -> line.verdict().equals("genuine"));
        Map<List<Object>, Set<String>> ids = new HashMap<>();
        lines.stream()
                .filter(line -> line.type().equals("job.completed"))
                .forEach(line -> ids.computeIfAbsent(List.of(line.path(), line.job()), key -> new HashSet<>())
                        .add(line.id()));
        for (UUID job : jobs.acknowledged()) {
            for (String path : List.of("/job", "/endpoint")) {
                assertThat(ids.get(List.of(path, job)))
                        .as("ids under which the end of %s arrived at %s", job, path)
                        .hasSize(1);
            }
        }
        assertThat(lines.stream().filter(line -> line.type().equals("job.completed")))
                .allMatch(line -> line.state().equals("succeeded"));
        long different = lines.stream().map(Line::id).distinct().count();
        System.out.println("webhooks: " + different + " messages arrived, " + (lines.size() - different)
                + " of them more than once; "
                + jobs.number("SELECT count(*) FROM webhook_attempt WHERE duration_ms IS NULL")
                + " attempts died with their process, "
                + jobs.number("SELECT count(*) FROM webhook_attempt WHERE error IS NOT NULL") + " failed");
    }

    private static long pending(Jobs jobs) {
        return jobs.number("SELECT count(*) FROM webhook_delivery WHERE state = 'pending'");
    }

    private static void awaitDelivered(Jobs jobs) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (pending(jobs) > 0) {
            assertThat(System.nanoTime())
                    .as("%d deliveries wait", pending(jobs))
                    .isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        }
        assertThat(jobs.number("SELECT count(*) FROM webhook_delivery WHERE state = 'failed'"))
                .as("given up")
                .isZero();
    }

    private static String body(int seed, String url) {
        return "{\"model\": \"tiny\", \"input\": {\"class\": \"circle\", \"seed\": %d, \"steps\": 2},".formatted(seed)
                + " \"webhook\": {\"url\": \"%s\", \"events\": [\"started\", \"completed\"], \"secret\": \"%s\"}}"
                        .formatted(url, SECRET);
    }

    private static void addEndpoint(String api, String url) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(api + "/v1/webhooks/endpoints"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(
                        Json.write(Map.of("url", url, "events", List.of("completed"), "secret", SECRET))))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).as(response.body()).isEqualTo(201);
        }
    }

    private static JavaProcess receiver(int port, Path file) {
        JavaProcess receiver = JavaProcess.start(
                TestReceiver.class, List.of("-Xmx64m"), Map.of(), Integer.toString(port), file.toString(), SECRET);
        receiver.awaitLine(line -> line.equals("receiver ready"), Duration.ofSeconds(60));
        return receiver;
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
