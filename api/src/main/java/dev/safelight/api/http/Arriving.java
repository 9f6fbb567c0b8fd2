package dev.safelight.api.http;

import io.vertx.core.buffer.Buffer;

/** Bytes as they come, in an array that has room for all of them from the start, and so is never copied. */
public final class Arriving {
    private byte[] bytes;
    private int length;

    /** @param most what comes beyond is dropped */
    public Arriving(int most) {
        this.bytes = new byte[most];
    }

    public void add(Buffer chunk) {
        int count = Math.min(chunk.length(), bytes.length - length);
        chunk.getBytes(0, count, bytes, length);
        length += count;
    }

    /** Only the first {@link #length} of them have come. */
    public byte[] bytes() {
        return bytes;
    }

    public int length() {
        return length;
    }

    /** Whoever holds on to this, as a connection may for a while, holds nothing large. */
    public void drop() {
        bytes = new byte[0];
        length = 0;
    }
}
