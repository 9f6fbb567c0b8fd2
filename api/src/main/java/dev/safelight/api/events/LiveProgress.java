package dev.safelight.api.events;

import dev.safelight.common.event.Signal;
import dev.safelight.common.job.JobKey;
import java.util.LinkedHashMap;
import java.util.Map;

/** The latest step of running jobs as workers signal it: fresher than the rows, and forgotten without harm. */
public final class LiveProgress {
    private static final int MOST = 10_000;

    /** Oldest first, so that what nobody has signalled for longest makes room. */
    private final Map<JobKey, Latest> latest = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<JobKey, Latest> eldest) {
            return size() > MOST;
        }
    };

    private record Latest(int attempt, int step) {}

    /** @return steps done in that attempt; 0 where unknown */
    public synchronized int step(JobKey job, int attempt) {
        Latest known = latest.get(job);
        return known == null || known.attempt != attempt ? 0 : known.step;
    }

    public synchronized void take(Signal.Entry entry) {
        Latest before = latest.remove(entry.key());
        if (entry.state().terminal()) {
            return;
        }
        boolean late = before != null
                && (before.attempt > entry.attempt()
                        || before.attempt == entry.attempt() && before.step > entry.step());
        latest.put(entry.key(), late ? before : new Latest(entry.attempt(), entry.step()));
    }
}
