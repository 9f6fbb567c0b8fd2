package dev.safelight.worker.batch;

/**
 * What a device has done since it started.
 *
 * @param calls network calls that succeeded
 * @param rows rows they carried
 * @param failedCalls network calls that failed
 * @param gatherNanos time in which walks were admitted but no call could leave
 * @param runNanos time in the network, failed calls included
 * @param scatterNanos time to wake those whose outputs had come
 */
public record Counters(long calls, long rows, long failedCalls, long gatherNanos, long runNanos, long scatterNanos) {

    static final Counters NONE = new Counters(0, 0, 0, 0, 0, 0);

    /** Mean rows of a call. */
    public double rowsPerCall() {
        return calls == 0 ? 0 : (double) rows / calls;
    }

    /** What happened since an earlier reading. */
    public Counters since(Counters earlier) {
        return new Counters(
                calls - earlier.calls,
                rows - earlier.rows,
                failedCalls - earlier.failedCalls,
                gatherNanos - earlier.gatherNanos,
                runNanos - earlier.runNanos,
                scatterNanos - earlier.scatterNanos);
    }

    Counters gathered(long nanos) {
        return new Counters(calls, rows, failedCalls, gatherNanos + nanos, runNanos, scatterNanos);
    }

    Counters ran(int carried) {
        return new Counters(calls + 1, rows + carried, failedCalls, gatherNanos, runNanos, scatterNanos);
    }

    Counters failed() {
        return new Counters(calls, rows, failedCalls + 1, gatherNanos, runNanos, scatterNanos);
    }

    Counters took(long nanos) {
        return new Counters(calls, rows, failedCalls, gatherNanos, runNanos + nanos, scatterNanos);
    }

    Counters scattered(long nanos) {
        return new Counters(calls, rows, failedCalls, gatherNanos, runNanos, scatterNanos + nanos);
    }
}
