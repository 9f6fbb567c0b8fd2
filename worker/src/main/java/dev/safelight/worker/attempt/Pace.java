package dev.safelight.worker.attempt;

/** How fast an attempt steps. The latest steps count most: how many jobs share the device changes all the time. */
final class Pace {
    /** Of the latest step; those before it share the rest. */
    private static final double WEIGHT = 0.2;

    private int step;
    private long at;
    private double nanosAStep = Double.NaN;

    /** @param now nano time */
    synchronized void reached(int reached, long now) {
        if (at != 0 && reached > step) {
            double latest = (double) (now - at) / (reached - step);
            nanosAStep = Double.isNaN(nanosAStep) ? latest : nanosAStep + WEIGHT * (latest - nanosAStep);
        }
        step = reached;
        at = now;
    }

    /** Seconds until the last of so many steps; null before the first step is over. */
    synchronized Double secondsLeft(int steps) {
        return Double.isNaN(nanosAStep) ? null : Math.max(0, steps - step) * nanosAStep / 1e9;
    }
}
