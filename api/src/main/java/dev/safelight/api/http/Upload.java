package dev.safelight.api.http;

/**
 * A body that is not JSON.
 *
 * @param mediaType one that the operation takes, in lower case and without parameters
 */
public record Upload(String mediaType, byte[] bytes) {}
