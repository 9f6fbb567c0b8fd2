package dev.safelight.api.http;

/**
 * A body that is not JSON.
 *
 * @param mediaType one that the operation takes, in lower case and without parameters
 * @param bytes the handler's, to overwrite as it likes; there is no other copy
 * @param length how many of them are the body
 */
public record Upload(String mediaType, byte[] bytes, int length) {}
