package dev.safelight.common.job;

/**
 * The right to write a job's row: the attempt that a claim handed out. Every later write carries it and checks that it
 * still matches, so a worker that was paused beyond its lease cannot overwrite its successor.
 *
 * @param attempt 1 for the first claim
 */
public record Fence(JobKey job, int attempt) {}
