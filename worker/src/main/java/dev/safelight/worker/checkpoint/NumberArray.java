package dev.safelight.worker.checkpoint;

import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.reflect.Array;
import java.nio.ByteBuffer;

/** An array of numbers. */
record NumberArray(Numbers numbers) implements Part {
    @Override
    public void write(Object value, DataOutputStream out) throws IOException {
        int length = Array.getLength(value);
        ByteBuffer bytes = ByteBuffer.allocate(length * numbers.bytesEach);
        numbers.put(value, bytes);
        out.writeInt(length);
        out.write(bytes.array());
    }

    @Override
    public Object read(ByteBuffer in) {
        int length = Guarded.length(in, numbers.bytesEach);
        int size = length * numbers.bytesEach;
        Object array = numbers.get(length, in.slice(in.position(), size));
        in.position(in.position() + size);
        return array;
    }

    @Override
    public String layout() {
        return numbers.type().getSimpleName();
    }
}
