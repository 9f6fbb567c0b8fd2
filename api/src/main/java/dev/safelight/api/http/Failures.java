package dev.safelight.api.http;

import dev.safelight.common.job.JobIds;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a client is told when a handler threw. */
public final class Failures {
    private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

    private static final Duration BETWEEN_WARNINGS = Duration.ofSeconds(5);
    private static final AtomicLong LAST_WARNING = new AtomicLong(System.nanoTime() - BETWEEN_WARNINGS.toNanos());

    private Failures() {}

    /** 503 where Postgres is out of reach for now, else 500 with an id that the log has too. */
    static Problem problem(Throwable failure, String operation) {
        if (databaseUnavailable(failure)) {
            warnNowAndThen(operation, failure);
            return Problem.unavailable("the database is out of reach; try again soon");
        }
        UUID incident = JobIds.next();
        LOG.error("{} failed, incident {}", operation, incident, failure);
        return new Problem(
                500, "internal_error", "something unexpected happened; the log has it as incident " + incident);
    }

    /** Whether trying again later, with nothing changed, makes sense. */
    public static boolean databaseUnavailable(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLTransientConnectionException) {
                return true;
            }
            if (cause instanceof SQLException sql && sql.getSQLState() != null && unavailable(sql.getSQLState())) {
                return true;
            }
        }
        return false;
    }

    /** Classes of SQLSTATE: 08 connection, 53 out of disk, memory or connections, 57P server shutting down or starting. */
    private static boolean unavailable(String state) {
        return state.startsWith("08")
                || state.startsWith("53")
                || state.startsWith("57P")
                // A standby that has not been promoted yet.
                || state.equals("25006");
    }

    /** An outage under load fails thousands of requests for one and the same reason. */
    private static void warnNowAndThen(String operation, Throwable failure) {
        long now = System.nanoTime();
        long last = LAST_WARNING.get();
        if (now - last > BETWEEN_WARNINGS.toNanos() && LAST_WARNING.compareAndSet(last, now)) {
            LOG.warn("{} and maybe others: the database is unavailable: {}", operation, rootMessage(failure));
        }
    }

    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage();
    }
}
