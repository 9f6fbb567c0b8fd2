package dev.safelight.worker.checkpoint;

import java.nio.ByteBuffer;
import java.util.List;

/** Reads what damaged bytes could have made absurd. */
final class Guarded {
    private Guarded() {}

    /** A length that the rest of the bytes can hold: damaged ones must not ask for all the memory there is. */
    static int length(ByteBuffer in, int bytesEach) {
        int length = in.getInt();
        if (length < 0 || (long) length * bytesEach > in.remaining()) {
            throw new UnreadableCheckpoint("a length of " + length + " with " + in.remaining() + " bytes left");
        }
        return length;
    }

    static <T> T choice(int index, List<T> choices) {
        if (index < 0 || index >= choices.size()) {
            throw new UnreadableCheckpoint("choice " + index + " of " + choices.size());
        }
        return choices.get(index);
    }
}
