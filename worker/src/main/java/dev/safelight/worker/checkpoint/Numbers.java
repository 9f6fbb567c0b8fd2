package dev.safelight.worker.checkpoint;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** The arrays that a state may hold; copied in one go. */
enum Numbers {
    BYTES(byte[].class, 1) {
        @Override
        int put(Object array, ByteBuffer into) {
            into.put((byte[]) array);
            return ((byte[]) array).length;
        }

        @Override
        Object get(int length, ByteBuffer from) {
            byte[] array = new byte[length];
            from.get(array);
            return array;
        }
    },
    INTS(int[].class, Integer.BYTES) {
        @Override
        int put(Object array, ByteBuffer into) {
            into.asIntBuffer().put((int[]) array);
            return ((int[]) array).length;
        }

        @Override
        Object get(int length, ByteBuffer from) {
            int[] array = new int[length];
            from.asIntBuffer().get(array);
            return array;
        }
    },
    LONGS(long[].class, Long.BYTES) {
        @Override
        int put(Object array, ByteBuffer into) {
            into.asLongBuffer().put((long[]) array);
            return ((long[]) array).length;
        }

        @Override
        Object get(int length, ByteBuffer from) {
            long[] array = new long[length];
            from.asLongBuffer().get(array);
            return array;
        }
    },
    FLOATS(float[].class, Float.BYTES) {
        @Override
        int put(Object array, ByteBuffer into) {
            into.asFloatBuffer().put((float[]) array);
            return ((float[]) array).length;
        }

        @Override
        Object get(int length, ByteBuffer from) {
            float[] array = new float[length];
            from.asFloatBuffer().get(array);
            return array;
        }
    },
    DOUBLES(double[].class, Double.BYTES) {
        @Override
        int put(Object array, ByteBuffer into) {
            into.asDoubleBuffer().put((double[]) array);
            return ((double[]) array).length;
        }

        @Override
        Object get(int length, ByteBuffer from) {
            double[] array = new double[length];
            from.asDoubleBuffer().get(array);
            return array;
        }
    };

    private final Class<?> type;
    final int bytesEach;

    Numbers(Class<?> type, int bytesEach) {
        this.type = type;
        this.bytesEach = bytesEach;
    }

    Class<?> type() {
        return type;
    }

    /** Null for an array that no state may hold. */
    static Numbers of(Class<?> type) {
        return Arrays.stream(values())
                .filter(numbers -> numbers.type == type)
                .findFirst()
                .orElse(null);
    }

    abstract int put(Object array, ByteBuffer into);

    abstract Object get(int length, ByteBuffer from);
}
