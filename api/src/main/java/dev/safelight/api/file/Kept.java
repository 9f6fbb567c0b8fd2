package dev.safelight.api.file;

/**
 * What is kept of a file: moved to its beginning, over what is not. So there is never a second copy, and the file as it
 * came is no more.
 */
final class Kept {
    private final byte[] file;
    private int length;

    Kept(Bytes file) {
        this.file = file.all();
    }

    /** @param at at or behind all that was kept before */
    void keep(int at, int count) {
        System.arraycopy(file, at, file, length, count);
        length += count;
    }

    /** So far. */
    Bytes bytes() {
        return new Bytes(file, length);
    }
}
