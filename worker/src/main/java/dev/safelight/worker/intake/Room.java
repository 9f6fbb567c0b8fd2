package dev.safelight.worker.intake;

import dev.safelight.common.wire.Topics.Lane;
import java.time.Duration;

/**
 * Counts the jobs of this worker, and says when a lane may bring more and when a job may run alone. A job that must run
 * alone stops the intake, waits until the others have finished, runs, and opens the intake again.
 */
public final class Room {
    private final int slots;
    private final int headroom;
    private int jobs;
    private int waitingToBeAlone;
    private boolean occupied;
    private boolean closed;

    public Room(int slots, int headroom) {
        this.slots = slots;
        this.headroom = headroom;
    }

    /** Waits until the lane may bring jobs. @return false when that took too long or the intake has closed */
    public synchronized boolean await(Lane lane, Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (!closed && !open(lane)) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return !closed;
    }

    /** A job was claimed. A job that must run alone counts from here on, so that nothing more comes in beside it. */
    public synchronized void enter(boolean alone) {
        jobs++;
        if (alone) {
            waitingToBeAlone++;
        }
    }

    /**
     * Waits until the caller's job, which entered alone, has the process for itself.
     *
     * @return false when so much time passed without it; ask again after a look at the lease
     */
    public synchronized boolean awaitAlone(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (occupied || jobs > waitingToBeAlone) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        occupied = true;
        return true;
    }

    /** A job ended. @param wasAlone as it entered; @param hadTheRoom whether {@link #awaitAlone} said yes */
    public synchronized void leave(boolean wasAlone, boolean hadTheRoom) {
        jobs--;
        if (wasAlone) {
            waitingToBeAlone--;
        }
        if (hadTheRoom) {
            occupied = false;
        }
        notifyAll();
    }

    /** Nothing more comes in. */
    public synchronized void close() {
        closed = true;
        notifyAll();
    }

    public synchronized int jobs() {
        return jobs;
    }

    /** Waits until no job is left. @return whether it came to that */
    public synchronized boolean awaitEmpty(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (jobs > 0) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }

    private boolean open(Lane lane) {
        return waitingToBeAlone == 0 && jobs < (lane == Lane.EXPRESS ? slots + headroom : slots);
    }
}
