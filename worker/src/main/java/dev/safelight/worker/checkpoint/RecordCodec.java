package dev.safelight.worker.checkpoint;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/**
 * Records of plain data as bytes and back, bit for bit: numbers, booleans, enums, strings, arrays of numbers, lists, and
 * records of these; a sealed interface stands for the records it permits. Everything but a primitive may be null. The
 * bytes hold values only; {@link #layout} says what they mean.
 */
public final class RecordCodec<R extends Record> {
    private static final ClassValue<RecordCodec<?>> CODECS = new ClassValue<>() {
        @Override
        protected RecordCodec<?> computeValue(Class<?> type) {
            return new RecordCodec<>(type.asSubclass(Record.class));
        }
    };

    private final Class<R> type;
    private final Part part;

    private RecordCodec(Class<R> type) {
        this.type = type;
        this.part = Part.of(type);
    }

    /** @throws IllegalArgumentException when the record holds something that is not plain data; a bug of its author */
    @SuppressWarnings("unchecked") // each class has the codec of its own
    public static <R extends Record> RecordCodec<R> of(Class<R> type) {
        return (RecordCodec<R>) CODECS.get(type);
    }

    /** Names and types of all that the record holds: bytes of one layout cannot be read as another. */
    public String layout() {
        return part.layout();
    }

    public byte[] encode(R record) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            part.write(record, out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** @throws UnreadableCheckpoint when the bytes are not those of such a record */
    public R decode(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        R record;
        try {
            record = type.cast(part.read(in));
        } catch (BufferUnderflowException e) {
            throw new UnreadableCheckpoint("it ends in the middle of " + type.getSimpleName(), e);
        }
        if (in.hasRemaining()) {
            throw new UnreadableCheckpoint(in.remaining() + " bytes are left after " + type.getSimpleName());
        }
        return record;
    }
}
