package dev.safelight.api.stream;

import dev.safelight.api.events.JobWatch;
import dev.safelight.common.event.PreviewShown;
import dev.safelight.common.job.JobKey;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** The streams of one job: what happens to it is read and rendered once for all of them. */
final class Feed implements JobWatch.Watcher {
    private final JobKey job;
    private final Consumer<Feed> due;
    private final Set<EventStream> streams = ConcurrentHashMap.newKeySet();
    private volatile boolean over;
    private volatile int attempt;
    private PreviewShown shown;
    private byte[] frameShown;

    /** @param due told when there may be something to read */
    Feed(JobKey job, Consumer<Feed> due) {
        this.job = job;
        this.due = due;
    }

    @Override
    public JobKey job() {
        return job;
    }

    Set<EventStream> streams() {
        return streams;
    }

    /** Whether a read that begins now finds all there will ever be. */
    boolean over() {
        return over;
    }

    /** The newest attempt that was read of. */
    int attempt() {
        return attempt;
    }

    void read(Frame frame) {
        attempt = Math.max(attempt, frame.attempt());
    }

    /** The wire form of a preview, made once; for one thread. */
    byte[] rendered(PreviewShown preview) {
        if (preview != shown) {
            frameShown = Frames.preview(preview);
            shown = preview;
        }
        return frameShown;
    }

    /** The position of the client that has least. */
    @Override
    public long seen() {
        return streams.stream().mapToLong(EventStream::position).min().orElse(Long.MAX_VALUE);
    }

    @Override
    public void told(JobWatch.News news) {
        over |= news.over();
        if (news.over() || news.latestEvent() > seen()) {
            due.accept(this);
        }
    }
}
