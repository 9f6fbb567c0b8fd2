package dev.safelight.api.file;

import java.nio.charset.StandardCharsets;

/**
 * Reads numbers out of a file of which nothing is believed: whoever reads beyond its end learns that it is truncated.
 *
 * @param length the file is so many of the bytes, from the first
 */
record Bytes(byte[] all, int length) {
    Bytes(byte[] all) {
        this(all, all.length);
    }

    int u8(long at) throws UnusableImage {
        need(at, 1);
        return all[(int) at] & 0xFF;
    }

    int u16(long at) throws UnusableImage {
        return u8(at) << 8 | u8(at + 1);
    }

    long u32(long at) throws UnusableImage {
        return (long) u16(at) << 16 | u16(at + 2);
    }

    int u16little(long at) throws UnusableImage {
        return u8(at) | u8(at + 1) << 8;
    }

    int u24little(long at) throws UnusableImage {
        return u16little(at) | u8(at + 2) << 16;
    }

    long u32little(long at) throws UnusableImage {
        return u16little(at) | (long) u16little(at + 2) << 16;
    }

    /** Four characters. */
    String name(long at) throws UnusableImage {
        need(at, 4);
        return new String(all, (int) at, 4, StandardCharsets.ISO_8859_1);
    }

    boolean startsWith(int... prefix) {
        for (int i = 0; i < prefix.length; i++) {
            if (i >= length || (all[i] & 0xFF) != prefix[i]) {
                return false;
            }
        }
        return true;
    }

    void need(long at, long count) throws UnusableImage {
        if (at < 0 || count < 0 || at + count > length) {
            throw UnusableImage.truncated();
        }
    }
}
