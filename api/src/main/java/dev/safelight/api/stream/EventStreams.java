package dev.safelight.api.stream;

import dev.safelight.api.events.JobWatch;
import dev.safelight.api.events.LivePreviews;
import dev.safelight.api.events.LiveProgress;
import dev.safelight.api.http.Reply;
import dev.safelight.api.query.JobQueries;
import dev.safelight.api.query.JobViews;
import dev.safelight.api.relay.WakeableLoop;
import dev.safelight.common.event.PreviewShown;
import dev.safelight.common.event.Signal;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.store.Database;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * All open event streams of this process. None has a thread or a connection of its own: hints say which jobs to read, one
 * reader reads many of them with one statement, and what it finds is handed to the sockets, which say when they took it.
 * A beat a second sends heartbeats and what is new of progress; it does not wait for Postgres.
 */
public final class EventStreams implements AutoCloseable {
    private static final Duration INTERVAL = Duration.ofSeconds(1);
    private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(2);
    private static final int JOBS_A_READ = 500;

    private final JobWatch watch;
    private final EventQueries events;
    private final Frames frames;
    private final LiveProgress progress;
    private final LivePreviews previews;
    private final Clock clock;
    private final Map<JobKey, Feed> feeds = new ConcurrentHashMap<>();
    private final Set<Feed> due = ConcurrentHashMap.newKeySet();
    private final Set<Feed> stirred = ConcurrentHashMap.newKeySet();
    private final WakeableLoop reader = new WakeableLoop("event-reader", INTERVAL, LONGEST_BACKOFF, this::readOnce);
    private final WakeableLoop beat = new WakeableLoop("event-beat", INTERVAL, INTERVAL, this::beatOnce);
    private final Counter cut;
    private long beatenAt;
    private volatile boolean closed;

    public EventStreams(
            Database database,
            JobWatch watch,
            JobQueries jobs,
            JobViews views,
            LiveProgress progress,
            LivePreviews previews,
            Clock clock,
            MeterRegistry meters) {
        this.watch = watch;
        this.events = new EventQueries(database);
        this.frames = new Frames(jobs, views);
        this.progress = progress;
        this.previews = previews;
        this.clock = clock;
        Gauge.builder("safelight.streams", this, EventStreams::count)
                .description("Clients that follow a job")
                .register(meters);
        this.cut = Counter.builder("safelight.streams.cut")
                .description("Streams that were cut because their client did not read")
                .register(meters);
    }

    public void start() {
        reader.start();
        beat.start();
    }

    public int count() {
        return feeds.values().stream().mapToInt(feed -> feed.streams().size()).sum();
    }

    /** Whether there is anything that a client at this position does not have. */
    boolean anythingAfter(JobKey job, long position) {
        return !events.after(Map.of(job, position)).isEmpty();
    }

    /** A reply that follows a job. @param position id of the last event that the client has; negative for none */
    Reply.Source follow(JobKey job, long position) {
        return new EventStream(
                job, position, position < 0 ? 0 : events.attempt(job, position), clock, this::add, this::remove);
    }

    /** A worker signalled where a job stands: new steps are passed on, all else is read from Postgres. */
    public void signalled(Signal.Entry entry) {
        Feed feed = feeds.get(entry.key());
        if (feed == null || entry.state().terminal()) {
            return;
        }
        if (entry.state() != JobState.RUNNING || entry.attempt() > feed.attempt()) {
            due(feed);
        }
        stir(feed);
    }

    /** A worker showed what a job looks like. */
    public void shown(PreviewShown preview) {
        Feed feed = feeds.get(preview.key());
        if (feed != null) {
            stir(feed);
        }
    }

    private void stir(Feed feed) {
        stirred.add(feed);
        beat.wake();
    }

    private void add(EventStream stream) {
        Feed feed = feeds.compute(stream.job(), (job, known) -> {
            Feed joined = known == null ? new Feed(job, this::due) : known;
            joined.streams().add(stream);
            if (known == null) {
                watch.add(joined);
            }
            return joined;
        });
        if (closed) {
            stream.end();
        }
        due(feed);
        // Where there is nothing to read, progress may be known all the same.
        stir(feed);
    }

    private void remove(EventStream stream) {
        feeds.computeIfPresent(stream.job(), (job, feed) -> {
            feed.streams().remove(stream);
            if (!feed.streams().isEmpty()) {
                return feed;
            }
            watch.remove(feed);
            return null;
        });
    }

    private void due(Feed feed) {
        due.add(feed);
        reader.wake();
    }

    /** Reads for all jobs of which there may be news. */
    boolean readOnce() {
        while (!due.isEmpty()) {
            List<Feed> batch = new ArrayList<>();
            for (Iterator<Feed> all = due.iterator(); all.hasNext() && batch.size() < JOBS_A_READ; ) {
                batch.add(all.next());
                // Before the read: what is told from here on is read again.
                all.remove();
            }
            try {
                read(batch);
            } catch (RuntimeException e) {
                due.addAll(batch);
                throw e;
            }
        }
        return true;
    }

    private void read(List<Feed> batch) {
        Map<JobKey, Long> positions = new HashMap<>();
        Map<Feed, Boolean> over = new HashMap<>();
        for (Feed feed : batch) {
            long position = feed.seen();
            if (position != Long.MAX_VALUE) {
                positions.put(feed.job(), position);
                over.put(feed, feed.over());
            }
        }
        if (positions.isEmpty()) {
            return;
        }
        Map<JobKey, List<EventRow>> found = events.after(positions);
        over.forEach((feed, ended) -> {
            List<EventRow> rows = found.getOrDefault(feed.job(), List.of());
            if (ended || !rows.isEmpty()) {
                deliver(feed, positions.get(feed.job()), frames.of(feed.job(), rows), ended);
            }
        });
    }

    private void deliver(Feed feed, long after, List<Frame> read, boolean over) {
        read.forEach(feed::read);
        for (EventStream stream : feed.streams()) {
            if (!stream.take(after, read, over)) {
                cut.increment();
            }
        }
        stir(feed);
    }

    /** Passes on what is new of progress, and keeps silent connections alive. */
    boolean beatOnce() {
        for (Iterator<Feed> all = stirred.iterator(); all.hasNext(); ) {
            Feed feed = all.next();
            all.remove();
            pass(feed);
        }
        long now = clock.millis();
        if (now - beatenAt >= INTERVAL.toMillis()) {
            beatenAt = now;
            feeds.values()
                    .forEach(feed -> feed.streams().forEach(stream -> {
                        if (!stream.beat()) {
                            cut.increment();
                        }
                    }));
        }
        return true;
    }

    /** Streams know what they have sent already. */
    private void pass(Feed feed) {
        progress.of(feed.job()).filter(entry -> entry.step() > 0).ifPresent(entry -> {
            byte[] frame = Frames.progress(entry);
            feed.streams().forEach(stream -> stream.progress(entry.attempt(), entry.step(), frame));
        });
        previews.of(feed.job()).ifPresent(preview -> {
            byte[] frame = feed.rendered(preview);
            feed.streams().forEach(stream -> stream.preview(preview.attempt(), preview.number(), frame));
        });
    }

    /** Ends all streams; their clients come back, to another process or to the next one. */
    @Override
    public void close() {
        closed = true;
        feeds.values().forEach(feed -> feed.streams().forEach(EventStream::end));
        reader.close();
        beat.close();
    }
}
