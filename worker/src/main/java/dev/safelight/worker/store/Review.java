package dev.safelight.worker.store;

/**
 * What the safety check said of a picture that it did not simply let pass.
 *
 * @param ordinal 0-based index of the image in its job
 * @param verdict {@code flagged}, {@code blurred} or {@code withheld}
 * @param score of whoever said it, or null
 * @param reason in words for clients, or null
 */
public record Review(int ordinal, String verdict, Double score, String reason, long seed) {}
