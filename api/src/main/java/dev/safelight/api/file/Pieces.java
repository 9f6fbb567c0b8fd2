package dev.safelight.api.file;

import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/** Takes bytes of which nobody knows how many will come, without copying what has come again and again as it grows. */
final class Pieces extends OutputStream {
    private static final int PIECE = 1 << 16;

    private final List<byte[]> full = new ArrayList<>();
    private byte[] last = new byte[PIECE];
    private int used;

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) {
        int done = 0;
        while (done < count) {
            if (used == PIECE) {
                full.add(last);
                last = new byte[PIECE];
                used = 0;
            }
            int next = Math.min(count - done, PIECE - used);
            System.arraycopy(bytes, offset + done, last, used, next);
            done += next;
            used += next;
        }
    }

    byte[] toByteArray() {
        byte[] all = new byte[full.size() * PIECE + used];
        int at = 0;
        for (byte[] piece : full) {
            System.arraycopy(piece, 0, all, at, PIECE);
            at += PIECE;
        }
        System.arraycopy(last, 0, all, at, used);
        return all;
    }
}
