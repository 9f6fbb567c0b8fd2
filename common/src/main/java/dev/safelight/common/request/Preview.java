package dev.safelight.common.request;

/**
 * What a client wants to see while its job runs. No part of the input, because the picture does not depend on it.
 *
 * @param every a preview is due after each so many sampler steps
 */
public record Preview(int every) {}
