package dev.safelight.worker.signal;

/** A bucket of tokens: short bursts go at once, the long run keeps to the rate. For one thread. */
final class SendingRate {
    private final int burst;
    private final double perNano;
    private double tokens;
    private long filledAt = System.nanoTime();

    SendingRate(int burst, int perSecond) {
        this.burst = burst;
        this.perNano = perSecond / 1e9;
        this.tokens = burst;
    }

    /** Whether so much is left that something unimportant may go too. */
    boolean spare() {
        fill();
        return tokens > burst / 2.0;
    }

    /** Waits for a token. */
    void await() throws InterruptedException {
        fill();
        while (tokens < 1) {
            Thread.sleep(Math.max(1, (long) ((1 - tokens) / perNano / 1_000_000)));
            fill();
        }
    }

    void take() {
        tokens -= 1;
    }

    private void fill() {
        long now = System.nanoTime();
        tokens = Math.min(burst, tokens + (now - filledAt) * perNano);
        filledAt = now;
    }
}
