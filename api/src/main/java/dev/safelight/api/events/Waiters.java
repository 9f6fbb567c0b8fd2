package dev.safelight.api.events;

import dev.safelight.common.job.JobKey;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Clients that wait for the end of a job. A waiter holds neither a connection nor a thread of the platform. */
public final class Waiters implements AutoCloseable {
    private final JobWatch watch;
    private final Set<Waiter> waiting = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    public Waiters(JobWatch watch) {
        this.watch = watch;
    }

    /** Begins to listen. Look at the job after this and before {@link Waiter#await}, else its end may slip through. */
    public Waiter listen(JobKey job) {
        Waiter waiter = new Waiter(job);
        waiting.add(waiter);
        watch.add(waiter);
        return waiter;
    }

    public int count() {
        return waiting.size();
    }

    /** Lets everybody go, with the job as it is. */
    @Override
    public void close() {
        closed = true;
        waiting.forEach(waiter -> waiter.end.complete(null));
    }

    /** One client. */
    public final class Waiter implements JobWatch.Watcher, AutoCloseable {
        private final JobKey job;
        private final CompletableFuture<Void> end = new CompletableFuture<>();

        private Waiter(JobKey job) {
            this.job = job;
        }

        /** Returns when the job has ended, or after so long. */
        public void await(Duration longest) throws InterruptedException {
            if (closed) {
                return;
            }
            try {
                end.get(longest.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                // The client gets the job as it is.
            } catch (ExecutionException e) {
                throw new IllegalStateException(e.getCause());
            }
        }

        /** Whether the job is known to have ended. */
        boolean ended() {
            return end.isDone();
        }

        @Override
        public JobKey job() {
            return job;
        }

        @Override
        public long seen() {
            return Long.MAX_VALUE;
        }

        @Override
        public void told(JobWatch.News news) {
            if (news.over()) {
                end.complete(null);
            }
        }

        @Override
        public void close() {
            watch.remove(this);
            waiting.remove(this);
        }
    }
}
