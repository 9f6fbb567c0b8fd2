package dev.safelight.api.events;

import dev.safelight.common.event.PreviewShown;
import dev.safelight.common.job.JobKey;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What running jobs look like: the latest of each job, within a bound; forgotten without harm. */
public final class LivePreviews {
    private final long mostBytes;
    /** Oldest first, so that the job that has been silent for longest makes room. */
    private final Map<JobKey, PreviewShown> latest = new LinkedHashMap<>();

    private long bytes;

    /** @param mostBytes of all files together */
    public LivePreviews(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    public synchronized Optional<PreviewShown> of(JobKey job) {
        return Optional.ofNullable(latest.get(job));
    }

    /** @return whether it is the latest of its job */
    public synchronized boolean take(PreviewShown preview) {
        PreviewShown before = latest.get(preview.key());
        if (before != null
                && (before.attempt() > preview.attempt()
                        || before.attempt() == preview.attempt() && before.number() > preview.number())) {
            return false;
        }
        forget(preview.key());
        latest.put(preview.key(), preview);
        bytes += preview.data().length;
        for (Iterator<PreviewShown> oldest = latest.values().iterator(); bytes > mostBytes; ) {
            bytes -= oldest.next().data().length;
            oldest.remove();
        }
        return true;
    }

    /** The job is over. */
    public synchronized void forget(JobKey job) {
        PreviewShown gone = latest.remove(job);
        bytes -= gone == null ? 0 : gone.data().length;
    }

    /** Bytes of all files that are kept. */
    public synchronized long bytes() {
        return bytes;
    }
}
