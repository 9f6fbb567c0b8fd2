package dev.safelight.api.webhook;

import static dev.safelight.api.webhook.Receiver.replying;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.webhook.Receiver.Message;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.sign.SigningSecret;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** From an event's row to the receiver, and all that can be wrong with a receiver. */
class DeliveryTest {
    private static final SigningSecret SECRET = SigningSecret.generate();
    private static final List<Duration> SCHEDULE = List.of(
            Duration.ofSeconds(5),
            Duration.ofMinutes(5),
            Duration.ofMinutes(30),
            Duration.ofHours(2),
            Duration.ofHours(5),
            Duration.ofHours(10),
            Duration.ofHours(14),
            Duration.ofHours(20),
            Duration.ofHours(24));

    private final Rig rig = new Rig();

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    void aJobsOwnWebhookGetsASignedMessage() {
        try (Receiver receiver = new Receiver()) {
            JobKey job = rig.job(receiver.url(), SECRET, "completed");
            rig.jobs.update(job, "state = 'canceled', finished_at = now()");
            rig.happens(job, "canceled");
            assertThat(rig.dispatch()).isEqualTo(1);

            Message message = receiver.next();
            assertThat(message.verifies(SECRET.reveal())).isTrue();
            assertThat(message.verifies(SigningSecret.generate().reveal())).isFalse();
            assertThat(message.target()).isEqualTo("/hook?a=b");
            assertThat(message.header("host")).isEqualTo("127.0.0.1:" + receiver.port());
            assertThat(message.header("content-type")).isEqualTo("application/json");
            assertThat(message.id()).doesNotContain(".");
            assertThat(message.header("webhook-timestamp"))
                    .isEqualTo(Long.toString(rig.clock().instant().getEpochSecond()));
            JsonNode body = message.json();
            assertThat(body.properties()).extracting(Map.Entry::getKey).containsExactly("type", "timestamp", "data");
            assertThat(body.get("type").textValue()).isEqualTo("job.completed");
            assertThat(body.at("/data/id").textValue()).isEqualTo(job.jobId().toString());
            assertThat(body.at("/data/state").textValue()).isEqualTo("canceled");
            assertThat(body.at("/data/urls/self").textValue())
                    .isEqualTo("https://images.example/v1/jobs/" + job.jobId());
            assertThat(body.at("/data/webhook/url").textValue()).isEqualTo(receiver.url());
            assertThat(message.body()).doesNotContain("secret").doesNotContain("whsec");

            assertThat(rig.deliveries())
                    .singleElement()
                    .satisfies(delivery -> assertThat(delivery)
                            .containsEntry("state", "delivered")
                            .containsEntry("delivery_id", UUID.fromString(message.id())));
            assertThat(rig.attempts())
                    .singleElement()
                    .satisfies(attempt -> assertThat(attempt)
                            .containsEntry("status", 204)
                            .containsEntry("reply", "")
                            .containsEntry("error", null));
            assertThat(rig.dispatch()).as("it is done").isZero();
        }
    }

    @Test
    void eachEventGoesToThoseWhoAskedForIt() {
        try (Receiver everything = new Receiver();
                Receiver ends = new Receiver();
                Receiver disabled = new Receiver();
                Receiver foreign = new Receiver();
                Receiver own = new Receiver()) {
            rig.endpoint("default", everything.url(), SECRET, "started", "output", "completed");
            rig.endpoint("default", ends.url(), SECRET, "completed");
            UUID off = rig.endpoint("default", disabled.url(), SECRET, "completed");
            rig.execute(
                    "UPDATE webhook_endpoint SET disabled_at = now(), disabled_reason = 'requested' WHERE endpoint_id = ?",
                    off);
            rig.endpoint("other", foreign.url(), SECRET, "started", "output", "completed");
            JobKey job = rig.job(own.url(), SECRET, "started");
            rig.happens(job, "started", "returned", "started", "output", "succeeded");
            rig.dispatch();
            assertThat(types(everything))
                    .containsExactlyInAnyOrder("job.started", "job.started", "job.output", "job.completed");
            assertThat(types(ends)).containsExactly("job.completed");
            assertThat(types(own)).containsExactly("job.started", "job.started");
            assertThat(types(disabled)).isEmpty();
            assertThat(types(foreign)).isEmpty();
        }
    }

    @Test
    void outputsThatBecomeVisibleTogetherAreOneMessage() {
        JobKey job = rig.job("http://127.0.0.1:1/", SECRET, "output", "completed");
        rig.execute(
                "INSERT INTO job_event (tenant_id, job_id, type, attempt) SELECT 'default', ?, type, 1"
                        + " FROM unnest(ARRAY['output', 'output', 'output', 'succeeded']) AS type",
                job.jobId());
        assertThat(rig.deliveries())
                .extracting(delivery -> delivery.get("event"))
                .containsExactlyInAnyOrder("output", "completed");
    }

    @Test
    void anEventThatIsRolledBackTellsNobody() {
        JobKey job = rig.job("http://127.0.0.1:1/", SECRET, "completed");
        rig.database().jdbi().useHandle(handle -> {
            handle.begin();
            handle.execute(
                    "INSERT INTO job_event (tenant_id, job_id, type, attempt) VALUES ('default', ?, 'canceled', 0)",
                    job.jobId());
            handle.rollback();
        });
        assertThat(rig.deliveries()).isEmpty();
    }

    @Test
    void aFailureIsRepeatedByTheScheduleUnderTheSameIdAndThenGivenUp() {
        try (Receiver receiver = new Receiver(replying(500, "no"))) {
            JobKey job = rig.job(receiver.url(), SECRET, "completed");
            rig.happens(job, "succeeded");
            Set<String> ids = new HashSet<>();
            Set<String> timestamps = new HashSet<>();
            for (Duration wait : SCHEDULE) {
                assertThat(rig.dispatch()).isEqualTo(1);
                assertThat(rig.deliveries().getFirst()).containsEntry("state", "pending");
                assertThat((Double) rig.deliveries().getFirst().get("wait"))
                        .isBetween(0.8 * wait.toSeconds() - 10, 1.2 * wait.toSeconds());
                assertThat(rig.dispatch()).as("not before its time").isZero();
                remember(receiver.next(), ids, timestamps);
                rig.clock().advance(wait);
                rig.makeDue();
            }
            assertThat(rig.dispatch()).isEqualTo(1);
            remember(receiver.next(), ids, timestamps);
            assertThat(ids).hasSize(1);
            assertThat(timestamps).hasSize(10);
            assertThat(rig.deliveries().getFirst())
                    .containsEntry("state", "failed")
                    .containsEntry("attempts", 10)
                    .containsEntry("error", "refused: the receiver replied 500");
            assertThat(rig.attempts())
                    .hasSize(10)
                    .allSatisfy(attempt ->
                            assertThat(attempt).containsEntry("status", 500).containsEntry("reply", "no"));
            assertThat(rig.dispatch()).isZero();
        }
    }

    private static void remember(Message message, Set<String> ids, Set<String> timestamps) {
        ids.add(message.id());
        timestamps.add(message.header("webhook-timestamp"));
    }

    @Test
    void aRedirectIsAFailureAndNotFollowed() {
        try (Receiver inside = new Receiver();
                Receiver receiver = new Receiver(replying(307, "Location", inside.url()))) {
            JobKey job = rig.job(receiver.url(), SECRET, "completed");
            rig.happens(job, "succeeded");
            rig.dispatch();
            assertThat(rig.deliveries().getFirst()).containsEntry("state", "pending");
            assertThat((String) rig.attempts().getFirst().get("error")).startsWith("redirected: ");
            assertThat(inside.waiting()).isEmpty();
        }
    }

    @Test
    void aReceiverThatIsGoneDisablesItsEndpointAndEndsWhatWaitsForIt() {
        try (Receiver receiver = new Receiver(replying(410, ""))) {
            UUID endpoint = rig.endpoint("default", receiver.url(), SECRET, "started", "completed");
            JobKey job = rig.job();
            rig.happens(job, "started");
            rig.execute("UPDATE webhook_delivery SET next_attempt_at = now() + interval '1 hour'");
            rig.happens(job, "succeeded");
            assertThat(rig.dispatch()).isEqualTo(1);
            assertThat(rig.rows("SELECT * FROM webhook_endpoint"))
                    .singleElement()
                    .satisfies(row -> assertThat(row)
                            .containsEntry("endpoint_id", endpoint)
                            .containsEntry("disabled_reason", "gone"));
            assertThat(rig.deliveries())
                    .hasSize(2)
                    .allSatisfy(delivery -> assertThat(delivery).containsEntry("state", "failed"));
            rig.happens(job, "started");
            assertThat(rig.deliveries()).as("nothing more is written for it").hasSize(2);
        }
    }

    @Test
    void manyAttemptsMayLearnAtOnceThatTheirReceiverIsGone() {
        try (Receiver receiver = new Receiver(replying(410, ""))) {
            rig.endpoint("default", receiver.url(), SECRET, "completed");
            for (int i = 0; i < 20; i++) {
                rig.happens(rig.job(), "succeeded");
            }
            assertThat(rig.dispatch()).isEqualTo(8);
            assertThat(rig.deliveries())
                    .hasSize(20)
                    .allSatisfy(delivery -> assertThat(delivery).containsEntry("state", "failed"));
            assertThat(rig.attempts())
                    .hasSize(8)
                    .allSatisfy(attempt -> assertThat(attempt).containsEntry("status", 410));
        }
    }

    @Test
    void aJobsWebhookThatIsGoneEndsForThatJobOnly() {
        try (Receiver receiver = new Receiver(replying(410, ""))) {
            JobKey gone = rig.job(receiver.url(), SECRET, "started", "completed");
            JobKey other = rig.job(receiver.url(), SECRET, "completed");
            rig.happens(gone, "started");
            rig.dispatch();
            rig.happens(other, "succeeded");
            assertThat(rig.deliveries())
                    .extracting(delivery -> delivery.get("state"))
                    .containsExactly("failed", "pending");
        }
    }

    @Test
    void aReceiverThatIsBusyIsLeftAloneForAsLongAsItSays() {
        AtomicInteger status = new AtomicInteger(429);
        try (Receiver receiver = new Receiver(exchange -> {
            if (status.get() == 429) {
                exchange.getResponseHeaders().add("Retry-After", "3600");
            }
            exchange.sendResponseHeaders(status.get(), -1);
        })) {
            JobKey first = rig.job(receiver.url(), SECRET, "completed");
            JobKey second = rig.job(receiver.url(), SECRET, "completed");
            rig.happens(first, "succeeded");
            assertThat(rig.dispatch()).isEqualTo(1);
            assertThat((Double) rig.deliveries().getFirst().get("wait")).isBetween(3_500.0, 3_600.0);
            // Neither what is new nor what was due anyway goes there now, from any process.
            rig.happens(second, "succeeded");
            rig.makeDue();
            assertThat(rig.dispatch()).isZero();
            try (Rig beside = rig.beside()) {
                assertThat(beside.dispatch()).isZero();
            }
            status.set(200);
            rig.execute("UPDATE webhook_pause SET until = now()");
            assertThat(rig.dispatch()).isEqualTo(2);
            assertThat(rig.deliveries())
                    .allSatisfy(delivery -> assertThat(delivery).containsEntry("state", "delivered"));
        }
    }

    @Test
    void aReceiverThatHangsDelaysNobodyElse() throws InterruptedException {
        CountDownLatch over = new CountDownLatch(1);
        try (Receiver hanging = new Receiver(exchange -> over.await());
                Receiver well = new Receiver()) {
            for (int i = 0; i < 50; i++) {
                rig.happens(rig.job(hanging.url(), SECRET, "completed"), "succeeded");
            }
            UUID endpoint = rig.endpoint("default", well.url(), SECRET, "completed");
            rig.webhooks().dispatcher().runOnce();
            // It has taken all it may have, and a second look gives it no more.
            for (int i = 0; i < 8; i++) {
                hanging.next();
            }
            for (int i = 0; i < 20; i++) {
                rig.happens(rig.job(), "succeeded");
            }
            List<Message> arrived = new ArrayList<>();
            while (arrived.size() < 20) {
                rig.webhooks().dispatcher().runOnce();
                arrived.add(well.next());
            }
            assertThat(hanging.waiting()).isEmpty();
            assertThat(rig.rows("SELECT FROM webhook_attempt")).hasSize(28);
            assertThat(rig.rows("SELECT FROM webhook_delivery WHERE endpoint_id = '" + endpoint + "'"))
                    .hasSize(20);
            over.countDown();
        }
    }

    @Test
    void oneThatNeverAnswersGetsOneAttemptAtATime() throws IOException {
        try (Rig impatient = new Rig(Map.of("SAFELIGHT_WEBHOOK_TIMEOUT", "500ms"));
                ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            String url = "http://127.0.0.1:" + silent.getLocalPort() + "/";
            for (int i = 0; i < 20; i++) {
                impatient.happens(impatient.job(url, SECRET, "completed"), "succeeded");
            }
            assertThat(impatient.dispatch()).isEqualTo(8);
            assertThat(impatient.dispatch()).isEqualTo(1);
            // On a machine that is busy enough, one or the other may not have got as far as being sent.
            assertThat(impatient.attempts())
                    .filteredOn(attempt -> attempt.get("error") != null)
                    .isNotEmpty()
                    .allSatisfy(attempt -> {
                        assertThat((String) attempt.get("error")).startsWith("timeout: ");
                        assertThat((Integer) attempt.get("duration_ms")).isGreaterThanOrEqualTo(500);
                    });
        }
    }

    @Test
    void ofAReplyOnlyTheBeginningIsRead() {
        try (Receiver receiver = new Receiver(exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] chunk = "x\0é".repeat(20_000).getBytes(StandardCharsets.UTF_8);
            // For ever, unless the other side hangs up.
            while (true) {
                exchange.getResponseBody().write(chunk);
            }
        })) {
            rig.happens(rig.job(receiver.url(), SECRET, "completed"), "succeeded");
            rig.dispatch();
            assertThat(rig.deliveries().getFirst()).containsEntry("state", "delivered");
            String reply = (String) rig.attempts().getFirst().get("reply");
            assertThat(reply).startsWith("x\uFFFDéx").hasSizeLessThan(1_024);
            assertThat(reply.getBytes(StandardCharsets.UTF_8).length).isGreaterThan(1_000);
        }
    }

    @Test
    void aReplyWhoseHeadHasComeCountsHoweverSlowItsBodyIs() {
        CountDownLatch over = new CountDownLatch(1);
        try (Rig impatient = new Rig(Map.of("SAFELIGHT_WEBHOOK_TIMEOUT", "500ms"));
                Receiver receiver = new Receiver(exchange -> {
                    exchange.sendResponseHeaders(200, 0);
                    exchange.getResponseBody().write('a');
                    exchange.getResponseBody().flush();
                    over.await();
                })) {
            impatient.happens(impatient.job(receiver.url(), SECRET, "completed"), "succeeded");
            impatient.dispatch();
            assertThat(impatient.deliveries().getFirst()).containsEntry("state", "delivered");
            assertThat(impatient.attempts().getFirst()).containsEntry("reply", "a");
            over.countDown();
        }
    }

    @Test
    void nobodyListening() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        rig.happens(rig.job("http://127.0.0.1:" + port + "/", SECRET, "completed"), "succeeded");
        rig.dispatch();
        assertThat(rig.deliveries().getFirst())
                .containsEntry("state", "pending")
                .containsEntry("failures", 1);
        assertThat((String) rig.attempts().getFirst().get("error")).startsWith("connection_failed: ");
    }

    @Test
    void aProcessThatDiesInAnAttemptLeavesItToTheNextOne() {
        try (Receiver receiver = new Receiver();
                Rig dying = rig.beside()) {
            rig.happens(rig.job(receiver.url(), SECRET, "completed"), "succeeded");
            // It claimed, and was killed before it could send or write down anything.
            List<Due> claimed = dying.webhooks()
                    .store()
                    .claim(
                            List.of((String) rig.deliveries().getFirst().get("target")),
                            List.of(8),
                            Duration.ofMinutes(1));
            assertThat(claimed).hasSize(1);
            assertThat(rig.dispatch()).as("while the lease holds").isZero();
            rig.makeDue();
            assertThat(rig.dispatch()).isEqualTo(1);
            assertThat(receiver.next().id())
                    .isEqualTo(claimed.getFirst().deliveryId().toString());
            assertThat(rig.deliveries().getFirst())
                    .containsEntry("state", "delivered")
                    .containsEntry("attempts", 2)
                    // It was nobody's fault but ours: the schedule has not moved on.
                    .containsEntry("failures", 0);
            assertThat(rig.attempts())
                    .extracting(attempt -> attempt.get("duration_ms") == null)
                    .containsExactly(true, false);
        }
    }

    /** Else another process, to which the delivery is due when the lease ends, would send it meanwhile. */
    @Test
    void whatWaitedForTheDatabaseUntilItsLeaseIsTooShortIsNotSent() throws InterruptedException {
        try (Receiver receiver = new Receiver()) {
            rig.happens(rig.job(receiver.url(), SECRET, "completed"), "succeeded");
            List<String> target = List.of((String) rig.deliveries().getFirst().get("target"));
            Due due = rig.webhooks()
                    .store()
                    .claim(target, List.of(1), Duration.ofMinutes(1))
                    .getFirst();
            long longAgo = System.nanoTime() - Duration.ofSeconds(16).toNanos();
            assertThat(rig.webhooks().attempts().make(due, longAgo))
                    .as("the receiver was not asked")
                    .isEqualTo(Targets.Heard.NOTHING);
            assertThat(receiver.waiting()).isEmpty();
            rig.makeDue();
            assertThat(rig.dispatch()).isEqualTo(1);
            receiver.next();
            assertThat(rig.deliveries().getFirst())
                    .containsEntry("state", "delivered")
                    .containsEntry("attempts", 2)
                    .containsEntry("failures", 0);
        }
    }

    @Test
    void aLateSuccessIsASuccessAndALateFailureDecidesNothing() {
        rig.happens(rig.job("http://127.0.0.1:1/", SECRET, "completed"), "succeeded");
        DeliveryStore store = rig.webhooks().store();
        List<String> target = List.of((String) rig.deliveries().getFirst().get("target"));
        Due first = store.claim(target, List.of(1), Duration.ofMinutes(1)).getFirst();
        rig.makeDue();
        Due second = store.claim(target, List.of(1), Duration.ofMinutes(1)).getFirst();
        assertThat(second.attempt()).isEqualTo(2);
        Outcome.Unanswered nothing = new Outcome.Unanswered("timeout: nothing");
        store.notDelivered(first, Duration.ofSeconds(1), nothing, "timeout: nothing", java.util.Optional.empty());
        assertThat(rig.deliveries().getFirst())
                .containsEntry("state", "pending")
                .containsEntry("failures", 0);
        store.notDelivered(second, Duration.ofSeconds(1), nothing, "timeout: nothing", java.util.Optional.empty());
        assertThat(rig.deliveries().getFirst()).containsEntry("state", "failed");
        store.delivered(first, Duration.ofSeconds(1), new Outcome.Replied(200, "", java.util.Optional.empty()));
        assertThat(rig.deliveries().getFirst())
                .containsEntry("state", "delivered")
                .containsEntry("error", null);
    }

    @Test
    void processesShareTheWork() throws InterruptedException {
        try (Receiver receiver = new Receiver();
                Rig beside = rig.beside()) {
            rig.endpoint("default", receiver.url(), SECRET, "completed");
            int deliveries = 60;
            for (int i = 0; i < deliveries; i++) {
                rig.happens(rig.job(), "succeeded");
            }
            Thread other = Thread.startVirtualThread(() -> drain(beside));
            drain(rig);
            other.join();
            Set<String> ids = new HashSet<>();
            receiver.waiting().forEach(message -> ids.add(message.id()));
            assertThat(ids).hasSize(deliveries);
            assertThat(receiver.waiting()).as("each once").hasSize(deliveries);
        }
    }

    private static void drain(Rig rig) {
        while (rig.dispatch() > 0) {
            // Until nothing is due.
        }
    }

    @Test
    void whatWasDeletedIsNotSent() {
        try (Receiver receiver = new Receiver()) {
            JobKey job = rig.job(receiver.url(), SECRET, "completed");
            rig.happens(job, "succeeded");
            rig.execute("DELETE FROM job");
            assertThat(rig.deliveries()).isEmpty();
            assertThat(rig.dispatch()).isZero();
            UUID endpoint = rig.endpoint("default", receiver.url(), SECRET, "completed");
            rig.happens(rig.job(), "succeeded");
            rig.execute("DELETE FROM webhook_endpoint WHERE endpoint_id = ?", endpoint);
            rig.dispatch();
            assertThat(rig.deliveries().getFirst()).containsEntry("state", "failed");
            assertThat(receiver.waiting()).isEmpty();
        }
    }

    @Test
    void oldDeliveriesAreForgottenAndThoseThatWaitAreNot() {
        for (int i = 0; i < 3; i++) {
            rig.happens(rig.job("http://127.0.0.1:1/", SECRET, "completed"), "succeeded");
        }
        List<Map<String, Object>> all = rig.deliveries();
        rig.execute(
                "UPDATE webhook_delivery SET state = 'delivered', settled_at = now() - interval '31 days' WHERE delivery_id = ?",
                all.get(0).get("delivery_id"));
        rig.execute(
                "UPDATE webhook_delivery SET state = 'delivered', settled_at = now() - interval '29 days' WHERE delivery_id = ?",
                all.get(1).get("delivery_id"));
        rig.execute("UPDATE webhook_delivery SET occurred_at = now() - interval '31 days' WHERE state = 'pending'");
        assertThat(rig.webhooks().sweep()).isEqualTo(1);
        assertThat(rig.deliveries())
                .extracting(delivery -> delivery.get("delivery_id"))
                .containsExactlyInAnyOrder(
                        all.get(1).get("delivery_id"), all.get(2).get("delivery_id"));
    }

    private static List<String> types(Receiver receiver) {
        return receiver.waiting().stream()
                .map(message -> message.json().get("type").textValue())
                .toList();
    }
}
