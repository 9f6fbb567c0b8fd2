package dev.safelight.api.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.api.events.LiveProgress;
import dev.safelight.api.query.Fleet;
import dev.safelight.api.query.JobQueries;
import dev.safelight.api.query.JobViews;
import dev.safelight.api.sign.Sealing;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.outbound.OutboundRules;
import dev.safelight.common.outbound.Resolver;
import dev.safelight.common.sign.SigningSecret;
import dev.safelight.common.store.Database;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.testing.TestJobs;
import dev.safelight.embedded.testing.TestServers;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Webhooks on a real database, moved by hand: nothing happens unless the test asks for it. */
final class Rig implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Vertx VERTX = Vertx.vertx();

    private final DatabaseSettings where;
    private final Map<String, String> environment;
    private final Resolver resolver;
    private final Database database;
    private final Webhooks webhooks;
    private final TestClock clock;
    private final MeterRegistry meters = new SimpleMeterRegistry();
    final TestJobs jobs;

    Rig() {
        this(Map.of());
    }

    /** @param environment settings that differ from the defaults and the test's */
    Rig(Map<String, String> environment) {
        this(environment, Resolver.SYSTEM);
    }

    /** @param resolver the name service */
    Rig(Map<String, String> environment, Resolver resolver) {
        this(TestServers.newDatabase(), environment, resolver, new TestClock());
    }

    private Rig(DatabaseSettings where, Map<String, String> environment, Resolver resolver, TestClock clock) {
        this.where = where;
        this.environment = environment;
        this.resolver = resolver;
        this.clock = clock;
        this.database = Database.open(where, "test");
        this.jobs = new TestJobs(database, "q", "m", "b");
        Map<String, String> all = new HashMap<>(Map.of(
                "SAFELIGHT_WEBHOOK_ALLOW", "127.0.0.0/8",
                "SAFELIGHT_WEBHOOK_PORTS", "any"));
        all.putAll(environment);
        Settings settings = new Settings(all);
        WebhookSettings read = WebhookSettings.read(settings);
        settings.check();
        JobQueries queries = new JobQueries(database);
        JobViews views =
                new JobViews(queries, new Fleet(database, clock), new LiveProgress(), "https://images.example", clock);
        this.webhooks = new Webhooks(
                VERTX, database, queries, views, read, new OutboundRules(read.outbound(), resolver), clock, meters);
    }

    /** Another process of the same installation. */
    Rig beside() {
        return new Rig(where, environment, resolver, clock);
    }

    Webhooks webhooks() {
        return webhooks;
    }

    MeterRegistry meters() {
        return meters;
    }

    Database database() {
        return database;
    }

    TestClock clock() {
        return clock;
    }

    /** One look of the dispatcher and the end of all that it began. @return how many attempts */
    int dispatch() {
        int begun = webhooks.dispatcher().runOnce();
        awaitIdle();
        return begun;
    }

    void awaitIdle() {
        try {
            if (!webhooks.dispatcher().awaitIdle(PATIENCE)) {
                throw new AssertionError("attempts do not end");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    JobKey job() {
        return jobs.queued("default", Priority.NORMAL);
    }

    /** A queued job with a webhook of its own. */
    JobKey job(String url, SigningSecret secret, String... events) {
        return job("default", url, secret, events);
    }

    JobKey job(String tenantId, String url, SigningSecret secret, String... events) {
        JobKey job = jobs.queued(tenantId, Priority.NORMAL);
        ObjectNode column = Json.MAPPER.createObjectNode().put("url", url).put("target", url.split("/")[2]);
        List.of(events).forEach(column.putArray("events")::add);
        if (secret != null) {
            column.put("secret", Sealing.of("").seal(tenantId, secret));
        }
        execute("UPDATE job SET webhook = ?::jsonb WHERE job_id = ?", column.toString(), job.jobId());
        return job;
    }

    /** An enabled endpoint. */
    UUID endpoint(String tenantId, String url, SigningSecret secret, String... events) {
        UUID id = JobIds.next();
        execute(
                "INSERT INTO webhook_endpoint (tenant_id, endpoint_id, url, events) VALUES (?, ?, ?, ?)",
                tenantId,
                id,
                url,
                events);
        database.jdbi().useHandle(handle -> webhooks.secrets().insert(handle, tenantId, id, secret));
        return id;
    }

    /** Something happens to a job; only its event is written, as all the statements that move jobs write it. */
    void happens(JobKey job, String... types) {
        for (String type : types) {
            execute(
                    "INSERT INTO job_event (tenant_id, job_id, type, attempt) VALUES (?, ?, ?, 1)",
                    job.tenantId(),
                    job.jobId(),
                    type);
        }
    }

    /** The wait of everything that waits is over. */
    void makeDue() {
        execute("UPDATE webhook_delivery SET next_attempt_at = now() WHERE state = 'pending'");
    }

    void execute(String sql, Object... arguments) {
        database.jdbi().useHandle(handle -> handle.execute(sql, arguments));
    }

    /** All deliveries, oldest first, by column; {@code wait} is seconds until the next attempt. */
    List<Map<String, Object>> deliveries() {
        return rows("SELECT *, extract(epoch FROM next_attempt_at - now())::float8 AS wait FROM webhook_delivery"
                + " ORDER BY occurred_at, delivery_id");
    }

    /** All attempts, oldest first. */
    List<Map<String, Object>> attempts() {
        return rows("SELECT * FROM webhook_attempt ORDER BY started_at, attempt");
    }

    List<Map<String, Object>> rows(String sql) {
        return database.jdbi()
                .withHandle(handle -> handle.createQuery(sql).mapToMap().list());
    }

    @Override
    public void close() {
        webhooks.close();
        database.close();
    }

    /** Stands still until it is told to move. */
    static final class TestClock extends Clock {
        private volatile Instant now = Instant.now();

        void advance(Duration by) {
            now = now.plus(by);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
