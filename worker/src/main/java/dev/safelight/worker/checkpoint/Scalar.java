package dev.safelight.worker.checkpoint;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A primitive. */
enum Scalar implements Part {
    BOOLEAN(boolean.class, Boolean.class) {
        @Override
        public void write(Object value, DataOutputStream out) throws IOException {
            out.writeBoolean((Boolean) value);
        }

        @Override
        public Object read(ByteBuffer in) {
            return in.get() != 0;
        }
    },
    INT(int.class, Integer.class) {
        @Override
        public void write(Object value, DataOutputStream out) throws IOException {
            out.writeInt((Integer) value);
        }

        @Override
        public Object read(ByteBuffer in) {
            return in.getInt();
        }
    },
    LONG(long.class, Long.class) {
        @Override
        public void write(Object value, DataOutputStream out) throws IOException {
            out.writeLong((Long) value);
        }

        @Override
        public Object read(ByteBuffer in) {
            return in.getLong();
        }
    },
    FLOAT(float.class, Float.class) {
        @Override
        public void write(Object value, DataOutputStream out) throws IOException {
            out.writeInt(Float.floatToRawIntBits((Float) value));
        }

        @Override
        public Object read(ByteBuffer in) {
            return in.getFloat();
        }
    },
    DOUBLE(double.class, Double.class) {
        @Override
        public void write(Object value, DataOutputStream out) throws IOException {
            out.writeLong(Double.doubleToRawLongBits((Double) value));
        }

        @Override
        public Object read(ByteBuffer in) {
            return in.getDouble();
        }
    };

    private final Class<?> primitive;
    private final Class<?> boxed;

    Scalar(Class<?> primitive, Class<?> boxed) {
        this.primitive = primitive;
        this.boxed = boxed;
    }

    /** Null for a type that is no primitive, nor one in a box. */
    static Part of(Class<?> type) {
        for (Scalar scalar : values()) {
            if (scalar.primitive == type) {
                return scalar;
            }
            if (scalar.boxed == type) {
                return new Nullable(scalar);
            }
        }
        return null;
    }

    @Override
    public String layout() {
        return primitive.getName();
    }
}
