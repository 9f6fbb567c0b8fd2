package dev.safelight.common.job;

/**
 * Why a job or an attempt failed.
 *
 * @param code stable word for programs, for example {@code worker_lost} or {@code out_of_memory}
 * @param message one sentence for people
 */
public record JobError(String code, String message) {}
