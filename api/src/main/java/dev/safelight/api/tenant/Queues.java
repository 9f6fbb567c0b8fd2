package dev.safelight.api.tenant;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/** The queues and what was said of them. A submit asks what was known at most a second ago. */
public final class Queues {
    private static final String LIST = Sql.of(Queues.class, "list_queues");
    private static final String SET = Sql.of(Queues.class, "set_queue");
    private static final String CLOSED = Sql.of(Queues.class, "closed_queues");
    private static final Duration HOLDS = Duration.ofSeconds(1);

    private final Jdbi jdbi;
    private final LongSupplier nanoTime;
    private final ReentrantLock looking = new ReentrantLock();
    private volatile Closed closed;

    private record Closed(Map<String, QueueState> states, long until) {}

    /** A queue with what waits and what runs. @param changedAt when its state was last changed, or null */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Queue(String name, QueueState state, Instant changedAt, long queued, long running) {}

    /** @param nanoTime {@link System#nanoTime()} outside tests */
    public Queues(Database database, LongSupplier nanoTime) {
        this.jdbi = database.jdbi();
        this.nanoTime = nanoTime;
    }

    /** By name. */
    public List<Queue> list() {
        return jdbi.withHandle(handle -> handle.createQuery(LIST)
                .map((row, context) -> new Queue(
                        row.getString("queue"),
                        QueueState.of(row.getString("state")),
                        Optional.ofNullable(row.getObject("changed_at", OffsetDateTime.class))
                                .map(OffsetDateTime::toInstant)
                                .orElse(null),
                        row.getLong("queued"),
                        row.getLong("running")))
                .list());
    }

    /** Says what is wanted of a queue, whether or not anybody has heard of it yet. */
    public Queue set(String name, QueueState state) {
        jdbi.useHandle(handle -> handle.createUpdate(SET)
                .bind("queue", name)
                .bind("state", state.word())
                .execute());
        closed = null;
        return list().stream()
                .filter(queue -> queue.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** As of at most a second ago; while Postgres does not answer, of when it last did. */
    public QueueState state(String name) {
        Closed known = closed;
        boolean stale = known == null || nanoTime.getAsLong() - known.until() >= 0;
        // One looks while the others make do with what is known.
        if (stale && looking.tryLock()) {
            try {
                known = new Closed(look(known), nanoTime.getAsLong() + HOLDS.toNanos());
                closed = known;
            } finally {
                looking.unlock();
            }
        }
        return known == null ? QueueState.OPEN : known.states().getOrDefault(name, QueueState.OPEN);
    }

    private Map<String, QueueState> look(Closed known) {
        try {
            return look();
        } catch (JdbiException e) {
            // Whoever submits finds that out, and is told.
            return known == null ? Map.of() : known.states();
        }
    }

    private Map<String, QueueState> look() {
        return jdbi.withHandle(handle -> {
            Map<String, QueueState> states = new HashMap<>();
            handle.createQuery(CLOSED)
                    .map((row, context) -> Map.entry(row.getString("queue"), QueueState.of(row.getString("state"))))
                    .forEach(entry -> states.put(entry.getKey(), entry.getValue()));
            return states;
        });
    }
}
