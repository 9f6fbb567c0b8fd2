package dev.safelight.api.submit;

import dev.safelight.api.http.Failures;
import dev.safelight.common.job.JobKey;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes concurrent submits share one INSERT and one fsync. A few writers take whatever waits, without any artificial
 * delay: while one group commits, the next gathers by itself.
 */
final class GroupInserter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GroupInserter.class);
    private static final int WRITERS = 2;
    static final int LARGEST_GROUP = 256;
    /** Beyond so many waiting jobs the database does not keep up, and a client does better to come back. */
    private static final int MOST_WAITING = 10_000;

    private static final Duration LOOK_FOR_CLOSE = Duration.ofMillis(100);
    private static final int MOST_TRIES = 5;
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(12);
    private static final String DEADLOCK = "40P01";
    private static final String SERIALIZATION = "40001";

    /** A little more than the time for which HikariCP takes a connection for alive without asking it. */
    private static final Duration POOL_TRUSTS_FOR = Duration.ofMillis(600);

    static final Comparator<Submission> LOCK_ORDER = Comparator.comparing(
                    (Submission submission) -> submission.key().tenantId())
            .thenComparing(Submission::idempotencyKey, Comparator.nullsLast(Comparator.naturalOrder()));

    /** What became of one job. */
    sealed interface Outcome {}

    /** Durable. */
    record Inserted(Instant createdAt) implements Outcome {}

    /** A row with this idempotency key, or this id, is there already. */
    record Conflict() implements Outcome {}

    /** The tenant has as much waiting as it may. */
    record NoPlace(int mostQueued) implements Outcome {}

    /** Postgres is out of reach or hopelessly behind. The job may yet turn out to be durable. */
    record Unavailable() implements Outcome {}

    /** Postgres refused this very row: a bug of ours. */
    record Refused(SQLException cause) implements Outcome {}

    private record Waiting(Submission submission, CompletableFuture<Outcome> outcome) {}

    private final JobInsert statement;
    private final Backlog backlog;
    private final BlockingQueue<Waiting> waiting = new LinkedBlockingQueue<>(MOST_WAITING);
    private final List<Thread> writers = new ArrayList<>();
    private final AtomicLong deadlocks = new AtomicLong();
    private volatile boolean closed;

    /** @param backlog says which tenants are near what they may have waiting */
    GroupInserter(JobInsert statement, Backlog backlog) {
        this.statement = statement;
        this.backlog = backlog;
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
            group.sort(Comparator.comparing(Waiting::submission, LOCK_ORDER));
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
                Map<String, Integer> limits = limits(group);
                settle(
                        group,
                        statement.insert(group.stream().map(Waiting::submission).toList(), limits),
                        limits);
                return;
            } catch (JdbiException e) {
                failure = e.getCause() instanceof SQLException cause ? cause : new SQLException(e);
                break;
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

    /** Looked at here and not when a request comes: between the two there may be thousands. */
    private Map<String, Integer> limits(List<Waiting> group) {
        Map<String, Integer> limits = new HashMap<>(2);
        group.stream()
                .map(entry -> entry.submission.key().tenantId())
                .distinct()
                .forEach(tenantId -> {
                    Integer limit = backlog.nearLimit(tenantId);
                    if (limit != null) {
                        limits.put(tenantId, limit);
                    }
                });
        return limits;
    }

    private void settle(List<Waiting> group, JobInsert.Result result, Map<String, Integer> limits) {
        Set<UUID> later = result.later().stream()
                .map(submission -> submission.key().jobId())
                .collect(Collectors.toSet());
        for (Waiting entry : group) {
            JobKey job = entry.submission.key();
            Instant createdAt = result.created().get(job.jobId());
            if (createdAt != null) {
                backlog.accepted(job.tenantId(), 1);
                entry.outcome.complete(new Inserted(createdAt));
            } else if (result.withoutPlace().contains(job.jobId())) {
                entry.outcome.complete(new NoPlace(limits.get(job.tenantId())));
            } else if (!later.contains(job.jobId())) {
                entry.outcome.complete(new Conflict());
            } else if (!waiting.offer(entry)) {
                entry.outcome.complete(new Unavailable());
            }
        }
    }

    /** Whether an SQLSTATE only says that somebody else was in the way. */
    static boolean tryAgain(String state) {
        return DEADLOCK.equals(state) || SERIALIZATION.equals(state);
    }

    /** Whether the same statement may succeed at once. */
    private boolean again(SQLException failure, int tries) {
        String state = failure.getSQLState();
        if (DEADLOCK.equals(state)) {
            deadlocks.incrementAndGet();
        }
        if (tryAgain(state)) {
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
