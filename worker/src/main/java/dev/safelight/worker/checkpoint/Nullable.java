package dev.safelight.worker.checkpoint;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Anything that may be missing. */
record Nullable(Part part) implements Part {
    @Override
    public void write(Object value, DataOutputStream out) throws IOException {
        out.writeBoolean(value != null);
        if (value != null) {
            part.write(value, out);
        }
    }

    @Override
    public Object read(ByteBuffer in) {
        return in.get() == 0 ? null : part.read(in);
    }

    @Override
    public String layout() {
        return part.layout();
    }
}
