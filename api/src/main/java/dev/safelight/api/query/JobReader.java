package dev.safelight.api.query;

import dev.safelight.api.events.Waiters;
import dev.safelight.common.job.JobKey;
import java.time.Duration;
import java.util.Optional;

/** Reads a job as it is now, or at its end where a client would rather wait. */
public final class JobReader {
    private final JobQueries jobs;
    private final Waiters waiters;

    public JobReader(JobQueries jobs, Waiters waiters) {
        this.jobs = jobs;
        this.waiters = waiters;
    }

    /** @param wait the longest time to wait for a terminal state; empty does not wait */
    public Optional<JobRow> read(JobKey key, Optional<Duration> wait) throws InterruptedException {
        if (wait.isEmpty()) {
            return jobs.find(key);
        }
        try (Waiters.Waiter waiter = waiters.listen(key)) {
            Optional<JobRow> now = jobs.find(key);
            if (now.isEmpty() || now.get().state().terminal()) {
                return now;
            }
            waiter.await(wait.get());
        }
        return jobs.find(key);
    }
}
