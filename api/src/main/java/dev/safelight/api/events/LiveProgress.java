package dev.safelight.api.events;

import dev.safelight.common.event.Signal;
import dev.safelight.common.job.JobKey;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The latest step of running jobs as workers signal it: fresher than the rows, and forgotten without harm. */
public final class LiveProgress {
    private static final int MOST = 10_000;

    /** Oldest first, so that what nobody has signalled for longest makes room. */
    private final Map<JobKey, Signal.Entry> latest = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<JobKey, Signal.Entry> eldest) {
            return size() > MOST;
        }
    };

    /** The latest of whichever attempt. */
    public synchronized Optional<Signal.Entry> of(JobKey job) {
        return Optional.ofNullable(latest.get(job));
    }

    /** The latest of that attempt. */
    public synchronized Optional<Signal.Entry> of(JobKey job, int attempt) {
        return of(job).filter(known -> known.attempt() == attempt);
    }

    public synchronized void take(Signal.Entry entry) {
        Signal.Entry before = latest.remove(entry.key());
        if (entry.state().terminal()) {
            return;
        }
        boolean late = before != null
                && (before.attempt() > entry.attempt()
                        || before.attempt() == entry.attempt() && before.step() > entry.step());
        latest.put(entry.key(), late ? before : entry);
    }
}
