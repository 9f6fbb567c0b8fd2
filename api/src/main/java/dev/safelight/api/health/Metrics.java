package dev.safelight.api.health;

import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.common.job.Priority;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/** {@code GET /metrics}: what the registry holds, and the depth and age of each queue as of now. */
public final class Metrics implements Handler, AutoCloseable {
    private static final String QUEUE_DEPTH = Sql.of(Metrics.class, "queue_depth");
    private static final String OUTBOX_LAG = Sql.of(Metrics.class, "outbox_lag");

    private final PrometheusMeterRegistry registry;
    private final Jdbi jdbi;
    private final MultiGauge lag;
    private final MultiGauge depth;
    private final MultiGauge age;
    private final JvmGcMetrics collections = new JvmGcMetrics();

    private record Depth(String queue, Priority priority, long jobs, double oldestSeconds) {
        Tags tags() {
            return Tags.of("queue", queue, "priority", priority.word());
        }
    }

    public Metrics(PrometheusMeterRegistry registry, Database database) {
        this.registry = registry;
        this.jdbi = database.jdbi();
        this.depth = MultiGauge.builder("safelight.queue.depth")
                .description("Jobs that wait")
                .register(registry);
        this.age = MultiGauge.builder("safelight.queue.age")
                .description("Age of the oldest job that waits")
                .baseUnit("seconds")
                .register(registry);
        this.lag = MultiGauge.builder("safelight.outbox.lag")
                .description("How long the oldest job has waited for its release while a worker had room")
                .baseUnit("seconds")
                .register(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        collections.bindTo(registry);
    }

    @Override
    public Reply handle(Request request) {
        List<Depth> depths = depths();
        depth.register(
                depths.stream()
                        .map(queue -> MultiGauge.Row.of(queue.tags(), queue.jobs()))
                        .toList(),
                true);
        age.register(
                depths.stream()
                        .map(queue -> MultiGauge.Row.of(queue.tags(), queue.oldestSeconds()))
                        .toList(),
                true);
        lag.register(lags(), true);
        return Reply.bytes(
                200,
                "text/plain; version=0.0.4; charset=utf-8",
                registry.scrape().getBytes(StandardCharsets.UTF_8));
    }

    private List<MultiGauge.Row<?>> lags() {
        try {
            return jdbi.withHandle(handle -> handle.createQuery(OUTBOX_LAG)
                    .<MultiGauge.Row<?>>map((row, context) ->
                            MultiGauge.Row.of(Tags.of("queue", row.getString("queue")), row.getDouble("lag_seconds")))
                    .list());
        } catch (JdbiException e) {
            return List.of();
        }
    }

    /** Nothing while Postgres is away: the other metrics are wanted all the more then. */
    private List<Depth> depths() {
        try {
            return jdbi.withHandle(handle -> handle.createQuery(QUEUE_DEPTH)
                    .map((row, context) -> new Depth(
                            row.getString("queue"),
                            Priority.ofRank(row.getInt("priority")),
                            row.getLong("jobs"),
                            row.getDouble("oldest_seconds")))
                    .list());
        } catch (JdbiException e) {
            return List.of();
        }
    }

    @Override
    public void close() {
        collections.close();
    }
}
