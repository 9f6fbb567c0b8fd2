package dev.safelight.api.webhook;

import dev.safelight.api.http.Failures;
import dev.safelight.api.query.JobQueries;
import dev.safelight.api.query.JobRow;
import dev.safelight.api.query.JobViews;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.sign.Signature;
import dev.safelight.common.sign.SigningSecret;
import dev.safelight.common.trace.LogContext;
import dev.safelight.common.trace.Traced;
import dev.safelight.common.trace.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.opentelemetry.api.trace.SpanKind;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes one attempt, straight: read the job, sign, post, judge, write down. */
final class Attempts {
    private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);
    /** Thousands may be in flight; they must not take the connections of those who submit and poll. */
    private static final int CONNECTIONS = 4;

    private static final int GONE = 410;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int UNAVAILABLE = 503;

    private final DeliveryStore store;
    private final Secrets secrets;
    private final JobQueries jobs;
    private final JobViews views;
    private final WebhookClient client;
    private final RetrySchedule schedule;
    private final Duration patience;
    private final Clock clock;
    private final MeterRegistry meters;
    private final Timer lag;
    private final Semaphore connections = new Semaphore(CONNECTIONS);

    /** @param patience longest time from the claim to the sending, so that the sending ends before the lease does */
    Attempts(
            DeliveryStore store,
            Secrets secrets,
            JobQueries jobs,
            JobViews views,
            WebhookClient client,
            RetrySchedule schedule,
            Duration patience,
            Clock clock,
            MeterRegistry meters) {
        this.store = store;
        this.secrets = secrets;
        this.jobs = jobs;
        this.views = views;
        this.client = client;
        this.schedule = schedule;
        this.patience = patience;
        this.clock = clock;
        this.meters = meters;
        this.lag = Timer.builder("safelight.webhook.lag")
                .description("From an event to the receiver's 2xx")
                .serviceLevelObjectives(
                        Duration.ofMillis(100),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(10),
                        Duration.ofMinutes(1),
                        Duration.ofMinutes(10),
                        Duration.ofHours(1))
                .register(meters);
    }

    /**
     * @param claimedAt {@link System#nanoTime()} before the claim
     * @return what came of the receiver
     */
    Targets.Heard make(Due due, long claimedAt) throws InterruptedException {
        if (due.url() == null) {
            settle(
                    due,
                    Duration.ZERO,
                    new Outcome.Unanswered("endpoint_disabled: the endpoint is disabled or deleted"));
            return Targets.Heard.NOTHING;
        }
        long begun = System.nanoTime();
        Outcome outcome;
        try {
            Optional<byte[]> body = body(due);
            if (body.isEmpty()) {
                // The job was deleted a moment ago, and this delivery with it.
                return Targets.Heard.NOTHING;
            }
            outcome = traced(due, body.get(), claimedAt);
        } catch (RuntimeException e) {
            if (Failures.databaseUnavailable(e)) {
                throw e;
            }
            // A bug of ours moves the schedule on, too: else it would be tried for ever.
            LOG.error("delivery {}: attempt {} failed", due.deliveryId(), due.attempt(), e);
            outcome = new Outcome.Unanswered("internal_error: the server could not make this message");
        }
        settle(due, Duration.ofNanos(System.nanoTime() - begun), outcome);
        return heard(outcome);
    }

    private static Targets.Heard heard(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Replied _ -> Targets.Heard.A_REPLY;
            case Outcome.Unanswered _ -> Targets.Heard.SILENCE;
            case Outcome.Postponed _ -> Targets.Heard.NOTHING;
        };
    }

    private Outcome traced(Due due, byte[] body, long claimedAt) throws InterruptedException {
        Traced span = Tracing.start("webhook " + due.event(), SpanKind.CLIENT, due.traceparent())
                .with("safelight.job_id", String.valueOf(due.jobId()))
                .with("safelight.delivery_id", due.deliveryId().toString())
                .with("safelight.attempt", due.attempt());
        LogContext.enter(due.test() ? null : due.jobId().toString(), span.traceId());
        try {
            Outcome outcome = send(due, body, claimedAt);
            if (!(outcome instanceof Outcome.Replied reply && reply.accepted())) {
                span.failed(error(outcome));
            }
            return outcome;
        } finally {
            span.end();
        }
    }

    /** Sends without keeping book; for what may be lost. @return as {@link #make} */
    Targets.Heard sendOnce(Due due) throws InterruptedException {
        Optional<byte[]> body = body(due);
        if (body.isEmpty()) {
            return Targets.Heard.NOTHING;
        }
        Outcome outcome = send(due, body.get(), System.nanoTime());
        count(due, outcome);
        return heard(outcome);
    }

    private Optional<byte[]> body(Due due) throws InterruptedException {
        if (due.test()) {
            return Optional.of(MessageBody.of(
                    "webhook.test",
                    due.occurredAt(),
                    Map.of("endpoint_id", due.endpointId(), "message", "This is a test of your webhook endpoint.")));
        }
        return connected(() -> {
            Optional<JobRow> job = jobs.find(new JobKey(due.tenantId(), due.jobId()));
            return job.map(row -> MessageBody.of("job." + due.event(), due.occurredAt(), views.whole(row)));
        });
    }

    private Outcome send(Due due, byte[] body, long claimedAt) throws InterruptedException {
        List<String> sealed =
                due.secrets().isEmpty() ? connected(() -> secrets.ofTenant(due.tenantId())) : due.secrets();
        Optional<List<SigningSecret>> keys = secrets.open(due.tenantId(), sealed);
        if (keys.isEmpty()) {
            LOG.error("a webhook secret of tenant {} needs a key that SAFELIGHT_SECRET_KEY lacks", due.tenantId());
            return new Outcome.Unanswered("secret_unavailable: the server cannot open the signing secret");
        }
        String id = due.deliveryId().toString();
        Instant now = clock.instant();
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Content-Type", "application/json");
        headers.put("User-Agent", "Safelight-Webhooks/1");
        headers.put("webhook-id", id);
        headers.put("webhook-timestamp", Long.toString(now.getEpochSecond()));
        headers.put("webhook-signature", Signature.header(keys.get(), id, now.getEpochSecond(), body));
        if (System.nanoTime() - claimedAt > patience.toNanos()) {
            return new Outcome.Postponed("database_slow: the lease would end before the attempt");
        }
        return client.post(due.tenantId(), due.url(), headers, body);
    }

    private void settle(Due due, Duration duration, Outcome outcome) throws InterruptedException {
        count(due, outcome);
        if (outcome instanceof Outcome.Replied reply && reply.accepted()) {
            run(() -> store.delivered(due, duration, reply));
            Duration since = Duration.between(due.occurredAt(), clock.instant());
            // Two machines' clocks may disagree.
            lag.record(since.isNegative() ? Duration.ZERO : since);
            return;
        }
        String error = error(outcome);
        if (outcome instanceof Outcome.Postponed) {
            LOG.debug("delivery {}: attempt {} was not made: {}", due.deliveryId(), due.attempt(), error);
            return;
        }
        LOG.debug("delivery {}: attempt {}: {}", due.deliveryId(), due.attempt(), error);
        if (due.url() == null) {
            run(() -> store.notDelivered(due, duration, outcome, error, Optional.empty()));
        } else if (outcome instanceof Outcome.Replied reply && reply.status() == GONE) {
            LOG.info("delivery {}: its receiver is gone", due.deliveryId());
            run(() -> store.gone(due, duration, outcome, error));
        } else {
            Optional<Duration> asked = asked(outcome);
            asked.ifPresent(pause -> runQuietly(() -> store.pause(due.target(), pause)));
            Optional<Duration> delay = due.test() ? Optional.empty() : schedule.next(due.failures() + 1, asked);
            run(() -> store.notDelivered(due, duration, outcome, error, delay));
        }
    }

    /** How long a receiver that has too much to do wants to be left alone. */
    private static Optional<Duration> asked(Outcome outcome) {
        return outcome instanceof Outcome.Replied reply
                        && (reply.status() == TOO_MANY_REQUESTS || reply.status() == UNAVAILABLE)
                ? reply.retryAfter().filter(Duration::isPositive)
                : Optional.empty();
    }

    private static String error(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Replied(int status, String body, var retryAfter)
            when status == GONE -> "gone: the receiver replied 410 and wants no more";
            case Outcome.Replied(int status, String body, var retryAfter)
            when status >= 300 && status < 400 ->
                "redirected: the receiver replied " + status + ", and redirects are not followed";
            case Outcome.Replied(int status, String body, var retryAfter) -> "refused: the receiver replied " + status;
            case Outcome.Unanswered(String error) -> error;
            case Outcome.Postponed(String reason) -> reason;
        };
    }

    private void count(Due due, Outcome outcome) {
        String word = switch (outcome) {
            case Outcome.Replied reply when reply.accepted() -> "delivered";
            case Outcome.Replied reply -> "status_" + reply.status() / 100 + "xx";
            case Outcome.Unanswered(String error) -> error.substring(0, error.indexOf(':'));
            case Outcome.Postponed _ -> "postponed";
        };
        meters.counter("safelight.webhook.attempts", "event", due.event(), "outcome", word)
                .increment();
    }

    private <T> T connected(Supplier<T> statement) throws InterruptedException {
        connections.acquire();
        try {
            return statement.get();
        } finally {
            connections.release();
        }
    }

    private void run(Runnable statement) throws InterruptedException {
        connected(() -> {
            statement.run();
            return null;
        });
    }

    private void runQuietly(Runnable statement) {
        try {
            run(statement);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
