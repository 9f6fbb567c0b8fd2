package dev.safelight.api.submit;

import dev.safelight.api.http.Failures;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes concurrent submits share one INSERT and one fsync. A few writers take whatever waits, without any artificial
 * delay: while one group commits, the next gathers by itself.
 */
final class GroupInserter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GroupInserter.class);
    private static final int WRITERS = 2;
    private static final int LARGEST_GROUP = 256;
    /** Beyond so many waiting jobs the database does not keep up, and a client does better to come back. */
    private static final int MOST_WAITING = 10_000;

    private static final Duration LOOK_FOR_CLOSE = Duration.ofMillis(100);
    private static final int MOST_TRIES = 5;
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(12);
    private static final String DEADLOCK = "40P01";
    private static final String SERIALIZATION = "40001";

    /** A little more than the time for which HikariCP takes a connection for alive without asking it. */
    private static final Duration POOL_TRUSTS_FOR = Duration.ofMillis(600);

    private static final Comparator<Waiting> LOCK_ORDER = Comparator.comparing(
                    (Waiting waiting) -> waiting.submission.key().tenantId())
            .thenComparing(
                    waiting -> waiting.submission.idempotencyKey(), Comparator.nullsLast(Comparator.naturalOrder()));

    /** What became of one job. */
    sealed interface Outcome {}

    /** Durable. */
    record Inserted(Instant createdAt) implements Outcome {}

    /** A row with this idempotency key, or this id, is there already. */
    record Conflict() implements Outcome {}

    /** Postgres is out of reach or hopelessly behind. The job may yet turn out to be durable. */
    record Unavailable() implements Outcome {}

    /** Postgres refused this very row: a bug of ours. */
    record Refused(SQLException cause) implements Outcome {}

    private record Waiting(Submission submission, CompletableFuture<Outcome> outcome) {}

    private final JobInsert statement;
    private final BlockingQueue<Waiting> waiting = new LinkedBlockingQueue<>(MOST_WAITING);
    private final List<Thread> writers = new ArrayList<>();
    private final AtomicLong deadlocks = new AtomicLong();
    private volatile boolean closed;

    GroupInserter(JobInsert statement) {
        this.statement = statement;
        for (int i = 0; i < WRITERS; i++) {
            writers.add(Thread.ofPlatform().name("submit-" + i).daemon().start(this::write));
        }
    }

    /** Blocks until the row is durable, or certain not to become so soon. */
    Outcome insert(Submission submission) throws InterruptedException {
        Waiting entry = new Waiting(submission, new CompletableFuture<>());
        if (closed || !waiting.offer(entry)) {
            return new Unavailable();
        }
        try {
            return entry.outcome.get(LONGEST_WAIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return new Unavailable();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Jobs that wait for a writer. */
    int depth() {
        return waiting.size();
    }

    /** Groups that Postgres broke off because two of them waited for each other; the sorting is there to keep it at 0. */
    long deadlocks() {
        return deadlocks.get();
    }

    /** Writes what waits, then stops. */
    @Override
    public void close() {
        closed = true;
        for (Thread writer : writers) {
            try {
                writer.join(Duration.ofSeconds(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        refuseAllWaiting();
    }

    private void write() {
        List<Waiting> group = new ArrayList<>(LARGEST_GROUP);
        while (true) {
            group.clear();
            Waiting first = next();
            if (first == null) {
                return;
            }
            group.add(first);
            waiting.drainTo(group, LARGEST_GROUP - 1);
            group.sort(LOCK_ORDER);
            try {
                insertGroup(group);
            } catch (RuntimeException | Error e) {
                LOG.error("a group of {} submits failed", group.size(), e);
                settle(group, new Unavailable());
            }
        }
    }

    /** @return null when closed and nothing waits */
    private Waiting next() {
        while (true) {
            try {
                boolean last = closed;
                Waiting first = waiting.poll(LOOK_FOR_CLOSE.toMillis(), TimeUnit.MILLISECONDS);
                if (first != null || last) {
                    return first;
                }
            } catch (InterruptedException e) {
                LOG.debug("nobody interrupts this thread");
            }
        }
    }

    private void insertGroup(List<Waiting> group) {
        SQLException failure = null;
        for (int tries = 1; tries <= MOST_TRIES; tries++) {
            try {
                Map<UUID, Instant> created =
                        statement.insert(group.stream().map(Waiting::submission).toList());
                for (Waiting entry : group) {
                    Instant createdAt = created.get(entry.submission.key().jobId());
                    entry.outcome.complete(createdAt == null ? new Conflict() : new Inserted(createdAt));
                }
                return;
            } catch (SQLException e) {
                failure = e;
                if (!again(e, tries)) {
                    break;
                }
            }
        }
        if (Failures.databaseUnavailable(failure)) {
            LOG.warn("submits cannot be stored: {}", failure.getMessage());
            settle(group, new Unavailable());
            // Whoever came while we tried to connect has waited long enough.
            refuseAllWaiting();
        } else if (group.size() == 1) {
            settle(group, new Refused(failure));
        } else {
            // One bad row must harm nobody else.
            group.forEach(entry -> insertGroup(List.of(entry)));
        }
    }

    /** Whether the same statement may succeed at once. */
    private boolean again(SQLException failure, int tries) {
        String state = failure.getSQLState();
        if (DEADLOCK.equals(state)) {
            deadlocks.incrementAndGet();
        }
        if (DEADLOCK.equals(state) || SERIALIZATION.equals(state)) {
            pause(ThreadLocalRandom.current().nextLong(1, 10L * tries));
            return true;
        }
        // Where no connection can be had at all, a second wait for one helps nobody.
        if (!Failures.databaseUnavailable(failure) || failure instanceof SQLTransientConnectionException) {
            return false;
        }
        // Pooled connections may have died with a Postgres that is up again: the first may have been the only one. The
        // pool does not look at one that was used a moment ago, so the last try waits until it looks at all of them.
        if (tries == 2) {
            pause(POOL_TRUSTS_FOR.toMillis());
        }
        return tries <= 2;
    }

    private static void pause(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void refuseAllWaiting() {
        List<Waiting> refused = new ArrayList<>();
        waiting.drainTo(refused);
        settle(refused, new Unavailable());
    }

    private static void settle(List<Waiting> group, Outcome outcome) {
        group.forEach(entry -> entry.outcome.complete(outcome));
    }
}
