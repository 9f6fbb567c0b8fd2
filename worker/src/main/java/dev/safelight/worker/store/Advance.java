package dev.safelight.worker.store;

/**
 * How far an attempt is, as a beat reports it.
 *
 * @param step steps done by the slowest image
 */
public record Advance(int step, Spent spent) {}
