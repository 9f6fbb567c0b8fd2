package dev.safelight.worker.intake;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.time.Backoff;
import dev.safelight.worker.lease.Leases;
import dev.safelight.worker.store.ClaimedJob;
import dev.safelight.worker.store.JobStore;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks Postgres for the jobs of a poll, until it has answered. */
final class ClaimDesk {
    private static final Logger LOG = LoggerFactory.getLogger(ClaimDesk.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    private final JobStore store;
    private final Leases leases;

    ClaimDesk(JobStore store, Leases leases) {
        this.store = store;
        this.leases = leases;
    }

    /**
     * Claims in one statement. Retries for ever: the records' lock may lapse meanwhile, and then somebody else's claim or
     * this one finds the job gone.
     *
     * @param abandon gives up when true
     * @return the jobs this worker now holds
     * @throws InterruptedException when given up; nothing is known about the jobs then
     */
    List<ClaimedJob> claim(Collection<JobKey> jobs, BooleanSupplier abandon) throws InterruptedException {
        Backoff backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
        boolean unsure = false;
        while (true) {
            try {
                if (unsure) {
                    // The first statement may have been committed although its answer never came.
                    List<ClaimedJob> adopted = store.adopt(jobs).stream()
                            .filter(job -> !leases.holds(job.fence()))
                            .toList();
                    if (!adopted.isEmpty()) {
                        return adopted;
                    }
                }
                return store.claim(jobs);
            } catch (JdbiException e) {
                if (!unsure) {
                    LOG.warn("cannot claim {} jobs, will try until it works: {}", jobs.size(), e.toString());
                }
                unsure = true;
                if (abandon.getAsBoolean()) {
                    throw new InterruptedException("intake closed");
                }
                Thread.sleep(backoff.next());
            }
        }
    }
}
