package dev.safelight.worker.checkpoint;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A string, in UTF-8. */
record Text() implements Part {
    @Override
    public void write(Object value, DataOutputStream out) throws IOException {
        byte[] bytes = ((String) value).getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    @Override
    public Object read(ByteBuffer in) {
        byte[] bytes = new byte[Guarded.length(in, 1)];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public String layout() {
        return "string";
    }
}
