package dev.safelight.worker.preview;

import dev.safelight.common.event.PreviewShown;
import dev.safelight.common.job.Fence;
import dev.safelight.common.request.Preview;
import dev.safelight.worker.decode.Decoder;
import java.time.Duration;
import java.util.concurrent.DelayQueue;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shows pictures while they develop. A walk only notes that it has stepped; one thread of its own takes the latest estimate
 * of each job that asked, decodes, shrinks and encodes it, at most five times a second a job. Where that thread does not
 * keep up, there are fewer previews, and no walk waits. Jobs that did not ask are unknown here.
 */
public final class Previews implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Previews.class);
    static final Duration BETWEEN_PREVIEWS = Duration.ofMillis(200);

    private final Consumer<PreviewShown> shown;
    private final LongSupplier nanoTime;
    private final DelayQueue<Developing> due = new DelayQueue<>();
    private final Thread thread;
    private volatile boolean closed;

    /** @param shown gets each preview; may block */
    public Previews(Consumer<PreviewShown> shown, LongSupplier nanoTime) {
        this.shown = shown;
        this.nanoTime = nanoTime;
        this.thread = Thread.ofPlatform()
                .name("previews")
                .priority(Thread.MIN_PRIORITY)
                .daemon()
                .unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    /** A job that asked for previews begins; close what this returns when its pictures are done. */
    public Developing develop(Fence fence, Preview preview, Decoder decoder, int images) {
        return new Developing(fence, preview.every(), decoder, images, nanoTime, due::add);
    }

    /** Shows what is due now. */
    void runOnce() {
        for (Developing job = due.poll(); job != null; job = due.poll()) {
            show(job);
        }
    }

    private void run() {
        while (!closed) {
            try {
                show(due.take());
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void show(Developing job) {
        try {
            job.look().ifPresent(shown);
        } catch (RuntimeException e) {
            LOG.warn("a preview failed", e);
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
