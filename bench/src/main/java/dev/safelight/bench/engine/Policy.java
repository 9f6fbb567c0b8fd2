package dev.safelight.bench.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Who runs when: how jobs that have arrived come onto the device. */
interface Policy extends AutoCloseable {

    /** A job has arrived; returns at once. */
    void arrived(Job job);

    @Override
    void close();

    /**
     * One job of the load.
     *
     * @param run samples it, to the picture; ends when the picture is there
     */
    record Job(int steps, Runnable run) {}

    /** Safelight's: whoever arrives is on the device with its next call. */
    static Policy continuous() {
        return new Policy() {
            @Override
            public void arrived(Job job) {
                Thread.ofVirtual().start(job.run());
            }

            @Override
            public void close() {}
        };
    }

    /**
     * Whole requests: when the device is free, the oldest job and those that wait and are like it, in number of steps,
     * are run together from beginning to end. With a limit of one, jobs run one after the other.
     */
    final class Static implements Policy {
        private final int most;
        private final Deque<Job> waiting = new ArrayDeque<>();
        private final Thread device;
        private boolean closed;

        Static(int most) {
            this.most = most;
            this.device = Thread.ofPlatform().name("static-batches").start(this::loop);
        }

        @Override
        public synchronized void arrived(Job job) {
            waiting.add(job);
            notifyAll();
        }

        private void loop() {
            try {
                List<Job> batch;
                while (!(batch = next()).isEmpty()) {
                    CountDownLatch done = new CountDownLatch(batch.size());
                    for (Job job : batch) {
                        Thread.ofVirtual().start(() -> {
                            job.run().run();
                            done.countDown();
                        });
                    }
                    done.await();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private synchronized List<Job> next() throws InterruptedException {
            while (waiting.isEmpty()) {
                if (closed) {
                    return List.of();
                }
                wait();
            }
            int steps = waiting.getFirst().steps();
            List<Job> batch = new ArrayList<>();
            var all = waiting.iterator();
            while (all.hasNext() && batch.size() < most) {
                Job job = all.next();
                if (job.steps() == steps) {
                    batch.add(job);
                    all.remove();
                }
            }
            return batch;
        }

        @Override
        public void close() {
            synchronized (this) {
                closed = true;
                notifyAll();
            }
            try {
                device.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
