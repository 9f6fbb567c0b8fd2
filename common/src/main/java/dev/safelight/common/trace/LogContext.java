package dev.safelight.common.trace;

import org.slf4j.MDC;

/** What the log lines of a thread are about, as fields of their own. */
public final class LogContext {
    private static final String JOB = "job_id";
    private static final String TRACE = "trace_id";

    private LogContext() {}

    /** From here on; either may be null. A thread that goes on to something else calls {@link #leave}. */
    public static void enter(String jobId, String traceId) {
        if (jobId != null) {
            MDC.put(JOB, jobId);
        }
        if (traceId != null) {
            MDC.put(TRACE, traceId);
        }
    }

    public static void leave() {
        MDC.remove(JOB);
        MDC.remove(TRACE);
    }
}
