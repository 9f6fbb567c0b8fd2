package dev.safelight.api.relay;

import dev.safelight.common.job.JobState;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes jobs away from workers whose lease ran out. Every API process runs one; they skip each other's rows. Time is
 * Postgres's, so clocks of machines do not matter.
 */
public final class Rescuer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Rescuer.class);
    private static final String RESCUE = Sql.of(Rescuer.class, "rescue");
    private static final String FORGET_WORKERS = Sql.of(Rescuer.class, "forget_workers");
    private static final int MOST = 500;
    /** A worker ends a job whose time is up at its next step; one that has not by then hangs. */
    private static final Duration OVERTIME = Duration.ofSeconds(10);

    private final Jdbi jdbi;
    private final RelaySettings settings;
    private final MeterRegistry meters;
    private final Runnable returned;
    private final WakeableLoop loop;

    /** @param returned told when a job came back to the queue; the relay's wake */
    public Rescuer(Database database, RelaySettings settings, MeterRegistry meters, Runnable returned) {
        this.jdbi = database.jdbi();
        this.settings = settings;
        this.meters = meters;
        this.returned = returned;
        this.loop = new WakeableLoop(
                "rescuer", settings.rescueInterval(), settings.rescueInterval().multipliedBy(5), () -> {
                    runOnce();
                    return true;
                });
    }

    public void start() {
        loop.start();
    }

    /** @return how many jobs became what */
    public Map<JobState, Integer> runOnce() {
        Map<JobState, Integer> rescued = new EnumMap<>(JobState.class);
        jdbi.useHandle(handle -> {
            handle.createQuery(RESCUE)
                    .bind("most", MOST)
                    .bind("grace", seconds(settings.rescueGrace()))
                    .bind("overtime", seconds(OVERTIME))
                    .bind("backoff_first", seconds(settings.backoffFirst()))
                    .bind("backoff_most", seconds(settings.backoffMost()))
                    .map((row, context) -> Map.entry(JobState.of(row.getString("state")), row.getInt("jobs")))
                    .forEach(entry -> rescued.put(entry.getKey(), entry.getValue()));
            handle.createUpdate(FORGET_WORKERS)
                    .bind("after", seconds(settings.forgetWorkersAfter()))
                    .execute();
        });
        rescued.forEach((state, jobs) -> {
            LOG.warn("{} jobs of lost workers are now {}", jobs, state.word());
            meters.counter("safelight.rescued", "became", state.word()).increment(jobs);
        });
        if (rescued.containsKey(JobState.QUEUED)) {
            returned.run();
        }
        return rescued;
    }

    @Override
    public void close() {
        loop.close();
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }
}
