package dev.safelight.api.stream;

import dev.safelight.api.http.Outlet;
import dev.safelight.api.http.Reply;
import dev.safelight.common.job.JobKey;
import java.io.ByteArrayOutputStream;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/**
 * One client that follows a job. Any thread may bring something; one piece is under way at a time, what comes meanwhile
 * waits, and of progress and previews only the latest does. A client for which too much waits is cut: it comes back and
 * says where it was.
 */
final class EventStream implements Reply.Source {
    /** Most bytes that wait, beyond those that one look at Postgres brought. */
    static final int MOST_WAITING = 256 << 10;
    /** Proxies and clients take a silent connection for dead, many after half a minute or a minute. */
    static final Duration HEARTBEAT = Duration.ofSeconds(15);
    /** A socket that took nothing for so long has nobody at its other end. */
    static final Duration STALLED = Duration.ofSeconds(30);

    private static final byte[] HELLO = Frame.utf8("retry: 1000\n\n");
    private static final byte[] BEAT = Frame.utf8(": still here\n\n");

    private final JobKey job;
    private final Clock clock;
    private final Consumer<EventStream> opened;
    private final Consumer<EventStream> gone;
    private final Deque<byte[]> waiting = new ArrayDeque<>();
    private Outlet outlet;
    private int bytesWaiting;
    private long position;
    private int attempt;
    private Passing progress = Passing.NONE;
    private Passing preview = Passing.NONE;
    private boolean sending;
    private boolean ending;
    private boolean closed;
    private long sentAt;

    /**
     * Something of which only the latest matters.
     *
     * @param bytes null once sent
     */
    private record Passing(int attempt, int number, byte[] bytes) {
        static final Passing NONE = new Passing(0, -1, null);

        boolean isOlderThan(int otherAttempt, int otherNumber) {
            return attempt != otherAttempt || number < otherNumber;
        }

        Passing sent() {
            return new Passing(attempt, number, null);
        }
    }

    /**
     * @param position id of the last event that the client has; negative for none
     * @param attempt that runs as far as it knows; 0 for none
     * @param opened told when the client is there
     * @param gone told when it no longer is, perhaps twice
     */
    EventStream(
            JobKey job,
            long position,
            int attempt,
            Clock clock,
            Consumer<EventStream> opened,
            Consumer<EventStream> gone) {
        this.job = job;
        this.position = position;
        this.attempt = attempt;
        this.clock = clock;
        this.opened = opened;
        this.gone = gone;
    }

    JobKey job() {
        return job;
    }

    @Override
    public void open(Outlet outlet) {
        synchronized (this) {
            this.outlet = outlet;
            enqueue(HELLO);
        }
        opened.accept(this);
        flush();
    }

    /** Id of the last event that is on its way. */
    synchronized long position() {
        return position;
    }

    /** Whether a running attempt is known to the client. */
    synchronized int attempt() {
        return attempt;
    }

    /**
     * Sends what the client does not have yet.
     *
     * @param after position from which was read; beyond the client's there would be a gap, and nothing is taken
     * @param frames all events after that, in their order
     * @param over whether none will follow
     * @return false where the client was too slow and is cut
     */
    boolean take(long after, Iterable<Frame> frames, boolean over) {
        synchronized (this) {
            if (closed || ending || after > position) {
                return true;
            }
            boolean idle = waiting.isEmpty();
            for (Frame frame : frames) {
                if (frame.id() > position) {
                    enqueue(frame.bytes());
                    position = frame.id();
                    attempt = frame.attempt();
                    ending |= frame.last();
                }
            }
            ending |= over;
            if (!idle && bytesWaiting > MOST_WAITING) {
                closed = true;
                release();
            }
        }
        if (isClosed()) {
            cut();
            return false;
        }
        flush();
        return true;
    }

    /** The latest step, if it is of the attempt that the client knows to be running. */
    void progress(int ofAttempt, int step, byte[] frame) {
        synchronized (this) {
            if (ofAttempt == attempt && progress.isOlderThan(ofAttempt, step)) {
                progress = new Passing(ofAttempt, step, frame);
            }
        }
        flush();
    }

    /** The latest preview, by the same rule. @param number counts the previews of an attempt */
    void preview(int ofAttempt, int number, byte[] frame) {
        synchronized (this) {
            if (ofAttempt == attempt && preview.isOlderThan(ofAttempt, number)) {
                preview = new Passing(ofAttempt, number, frame);
            }
        }
        flush();
    }

    /**
     * Lets the client know that the connection lives.
     *
     * @return false where the socket takes nothing any more and is cut
     */
    boolean beat() {
        synchronized (this) {
            if (closed || outlet == null) {
                return true;
            }
            long silent = clock.millis() - sentAt;
            if (sending && silent >= STALLED.toMillis()) {
                closed = true;
                release();
            } else if (!sending && waiting.isEmpty() && silent >= HEARTBEAT.toMillis()) {
                enqueue(BEAT);
            }
        }
        if (isClosed()) {
            cut();
            return false;
        }
        flush();
        return true;
    }

    /** Ends the reply behind what waits; the client comes back, perhaps to another process. */
    void end() {
        synchronized (this) {
            ending = true;
        }
        flush();
    }

    @Override
    public void closed() {
        synchronized (this) {
            closed = true;
            release();
        }
        gone.accept(this);
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private void cut() {
        outlet.cut();
        gone.accept(this);
    }

    /** The outlet is used outside of the lock: the connection has one of its own. */
    private void flush() {
        byte[] next;
        boolean last;
        synchronized (this) {
            if (sending || closed || outlet == null) {
                return;
            }
            next = next();
            last = next == null;
            if (last && !ending) {
                return;
            }
            sending = true;
            sentAt = clock.millis();
        }
        if (last) {
            outlet.end().whenComplete((done, failure) -> closed());
        } else {
            outlet.send(next).whenComplete((done, failure) -> sent(failure));
        }
    }

    private void sent(Throwable failure) {
        if (failure != null) {
            closed();
            return;
        }
        synchronized (this) {
            sending = false;
        }
        flush();
    }

    /** All that waits; null for nothing. Progress and previews come last: they belong to what was sent before. */
    private byte[] next() {
        if (!ending && progress.bytes() != null && progress.attempt() == attempt) {
            enqueue(progress.bytes());
        }
        progress = progress.sent();
        if (!ending && preview.bytes() != null && preview.attempt() == attempt) {
            enqueue(preview.bytes());
        }
        preview = preview.sent();
        if (waiting.size() <= 1) {
            bytesWaiting = 0;
            return waiting.poll();
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream(bytesWaiting);
        waiting.forEach(all::writeBytes);
        release();
        return all.toByteArray();
    }

    private void enqueue(byte[] bytes) {
        waiting.add(bytes);
        bytesWaiting += bytes.length;
    }

    private void release() {
        waiting.clear();
        bytesWaiting = 0;
        progress = progress.sent();
        preview = preview.sent();
    }
}
