package dev.safelight.worker.checkpoint;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Collectors;

/** A value of a sealed interface: which of its records, and that record. */
record OneOf(List<Fields> records) implements Part {
    @Override
    public void write(Object value, DataOutputStream out) throws IOException {
        for (int i = 0; i < records.size(); i++) {
            if (records.get(i).type() == value.getClass()) {
                out.writeInt(i);
                records.get(i).write(value, out);
                return;
            }
        }
        throw new IllegalArgumentException(value.getClass() + " is not permitted");
    }

    @Override
    public Object read(ByteBuffer in) {
        return Guarded.choice(in.getInt(), records).read(in);
    }

    @Override
    public String layout() {
        return records.stream().map(Fields::layout).collect(Collectors.joining("|"));
    }
}
