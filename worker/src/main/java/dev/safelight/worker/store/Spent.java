package dev.safelight.worker.store;

/**
 * What an attempt has taken of the device so far.
 *
 * @param evaluations rows that the network ran for it
 * @param deviceSeconds its share of the time of the calls that carried them, by rows
 */
public record Spent(long evaluations, double deviceSeconds) {
    public static final Spent NOTHING = new Spent(0, 0);
}
