package dev.safelight.api.submit;

import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/**
 * How much waits, and how near that is to what may wait. A tenant that is far from its limit costs a count a second and
 * nothing else; near it, each insert counts exactly. What may wait altogether is a guard against collapse and not exact: it
 * holds as of the last count.
 */
final class Backlog {
    /** What other processes, and groups under way, may add before they are counted. */
    static final int LEAST_MARGIN = 32 * GroupInserter.LARGEST_GROUP;

    private static final int MARGIN_OF_LIMIT = 4;

    private static final String OF_TENANT = Sql.of(Backlog.class, "backlog_of");
    private static final String OF_ALL = Sql.of(Backlog.class, "backlog");
    private static final Duration HOLDS = Duration.ofSeconds(1);
    private static final Duration WITHOUT_LIMIT_HOLDS = Duration.ofSeconds(5);
    /** A long count is made less often: it never takes more than a twentieth of the time. */
    private static final int REST = 20;

    private final Jdbi jdbi;
    private final int mostOfAll;
    private final LongSupplier nanoTime;
    private final Map<String, Count> ofTenants = new ConcurrentHashMap<>();
    private final Count ofAll = new Count();

    private static final class Count {
        final ReentrantLock counting = new ReentrantLock();
        final AtomicLong since = new AtomicLong();
        volatile Counted latest;
    }

    /** @param most what may wait; null for any number */
    private record Counted(Integer most, long queued, long until) {}

    private interface Look {
        Counted count();
    }

    /**
     * @param mostOfAll jobs that may wait, of all tenants together
     * @param nanoTime {@link System#nanoTime()} outside tests
     */
    Backlog(Database database, int mostOfAll, LongSupplier nanoTime) {
        this.jdbi = database.jdbi();
        this.mostOfAll = mostOfAll;
        this.nanoTime = nanoTime;
    }

    /** Whether more waits than the whole installation bears. */
    boolean full() {
        return latest(ofAll, this::countAll).queued() + ofAll.since.get() >= mostOfAll;
    }

    /** What a tenant may have waiting, if that has to be looked at with this insert; null where it has not. */
    Integer nearLimit(String tenantId) {
        Count count = ofTenants.computeIfAbsent(tenantId, ignored -> new Count());
        Counted counted = latest(count, () -> countOf(tenantId));
        if (counted.most() == null) {
            return null;
        }
        long margin = Math.max(LEAST_MARGIN, counted.most() / MARGIN_OF_LIMIT);
        return counted.queued() + count.since.get() >= counted.most() - margin ? counted.most() : null;
    }

    /** Jobs of this process that were made durable. */
    void accepted(String tenantId, int jobs) {
        ofAll.since.addAndGet(jobs);
        ofTenants.computeIfAbsent(tenantId, ignored -> new Count()).since.addAndGet(jobs);
    }

    void forgetLimits() {
        ofTenants.clear();
    }

    /** One counts while the others make do with what is known. */
    private Counted latest(Count count, Look look) {
        Counted known = count.latest;
        if (known != null && (nanoTime.getAsLong() - known.until() < 0 || !count.counting.tryLock())) {
            return known;
        }
        if (known == null) {
            count.counting.lock();
        }
        try {
            known = count.latest;
            if (known == null || nanoTime.getAsLong() - known.until() >= 0) {
                count.since.set(0);
                known = look.count();
                count.latest = known;
            }
            return known;
        } finally {
            count.counting.unlock();
        }
    }

    private Counted countOf(String tenantId) {
        long started = nanoTime.getAsLong();
        return jdbi.withHandle(handle -> handle.createQuery(OF_TENANT)
                .bind("tenant_id", tenantId)
                .map((row, context) -> new Counted(row.getInt("most_queued"), row.getLong("queued"), until(started)))
                .findOne()
                .orElseGet(() -> new Counted(null, 0, nanoTime.getAsLong() + WITHOUT_LIMIT_HOLDS.toNanos())));
    }

    private Counted countAll() {
        long started = nanoTime.getAsLong();
        try {
            long queued = jdbi.withHandle(handle -> handle.createQuery(OF_ALL)
                    .bind("most", mostOfAll)
                    .mapTo(long.class)
                    .one());
            return new Counted(mostOfAll, queued, until(started));
        } catch (JdbiException e) {
            // Who submits finds that out better than a guard.
            return new Counted(mostOfAll, 0, until(nanoTime.getAsLong()));
        }
    }

    private long until(long started) {
        long now = nanoTime.getAsLong();
        return now + Math.max(HOLDS.toNanos(), (now - started) * REST);
    }
}
