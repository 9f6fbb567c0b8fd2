package dev.safelight.worker.store;

import java.sql.SQLException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientException;

/** Tells a Postgres that is away for the moment from a statement that will never work. */
public final class Transient {
    private Transient() {}

    /** Whether the same statement may well work later. */
    public static boolean is(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLTransientException || cause instanceof SQLRecoverableException) {
                return true;
            }
            if (cause instanceof SQLException sql) {
                return sql.getSQLState() == null || passes(sql.getSQLState());
            }
        }
        return false;
    }

    /** Classes of the SQL standard and of Postgres's appendix A. */
    private static boolean passes(String state) {
        return state.startsWith("08") // connection
                || state.startsWith("40") // serialization failure, deadlock
                || state.startsWith("53") // out of disk, memory or connections
                || state.startsWith("57") // shutdown, crash recovery, query canceled
                || state.equals("25006"); // read-only: it is, or was, a standby
    }
}
