package dev.safelight.worker.checkpoint;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A list. */
record Many(Part part) implements Part {
    @Override
    public void write(Object value, DataOutputStream out) throws IOException {
        List<?> list = (List<?>) value;
        out.writeInt(list.size());
        for (Object element : list) {
            part.write(element, out);
        }
    }

    @Override
    public Object read(ByteBuffer in) {
        int length = Guarded.length(in, 1);
        List<Object> list = new ArrayList<>(length);
        for (int i = 0; i < length; i++) {
            list.add(part.read(in));
        }
        return Collections.unmodifiableList(list);
    }

    @Override
    public String layout() {
        return "list of " + part.layout();
    }
}
