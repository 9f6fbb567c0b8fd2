package dev.safelight.worker.checkpoint;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** One of the constants of an enum. */
record Choice(Class<?> type) implements Part {
    @Override
    public void write(Object value, DataOutputStream out) throws IOException {
        out.writeInt(((Enum<?>) value).ordinal());
    }

    @Override
    public Object read(ByteBuffer in) {
        return Guarded.choice(in.getInt(), Arrays.asList(type.getEnumConstants()));
    }

    @Override
    public String layout() {
        return Arrays.toString(type.getEnumConstants());
    }
}
