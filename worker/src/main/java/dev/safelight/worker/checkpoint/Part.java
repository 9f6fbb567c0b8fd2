package dev.safelight.worker.checkpoint;

import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** One kind of value of a {@link RecordCodec}: how it is written, read and called. */
sealed interface Part {

    void write(Object value, DataOutputStream out) throws IOException;

    Object read(ByteBuffer in);

    String layout();

    static Part of(Type type) {
        return switch (type) {
            case ParameterizedType list
            when list.getRawType() == List.class -> new Nullable(new Many(of(list.getActualTypeArguments()[0])));
            case WildcardType wildcard -> of(wildcard.getUpperBounds()[0]);
            case Class<?> plain -> of(plain);
            default -> throw notPlain(type);
        };
    }

    private static Part of(Class<?> type) {
        for (Scalar scalar : Scalar.values()) {
            if (scalar.primitive == type) {
                return scalar;
            }
            if (scalar.boxed == type) {
                return new Nullable(scalar);
            }
        }
        if (type == String.class) {
            return new Nullable(new Text());
        }
        if (type.isArray() && Numbers.of(type) != null) {
            return new Nullable(new Array(Numbers.of(type)));
        }
        if (type.isEnum()) {
            return new Nullable(new Choice(type));
        }
        if (type.isRecord()) {
            return new Nullable(Fields.of(type));
        }
        if (type.isInterface() && type.isSealed()) {
            return new Nullable(new OneOf(
                    Arrays.stream(type.getPermittedSubclasses()).map(Fields::of).toList()));
        }
        throw notPlain(type);
    }

    private static IllegalArgumentException notPlain(Type type) {
        return new IllegalArgumentException(type.getTypeName() + " is not plain data: no checkpoint can hold it");
    }

    /** A length that the rest of the bytes can hold: damaged ones must not ask for all the memory there is. */
    private static int length(ByteBuffer in, int bytesEach) {
        int length = in.getInt();
        if (length < 0 || (long) length * bytesEach > in.remaining()) {
            throw new UnreadableCheckpoint("a length of " + length + " with " + in.remaining() + " bytes left");
        }
        return length;
    }

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

        @Override
        public String layout() {
            return primitive.getName();
        }
    }

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

    record Text() implements Part {
        @Override
        public void write(Object value, DataOutputStream out) throws IOException {
            byte[] bytes = ((String) value).getBytes(StandardCharsets.UTF_8);
            out.writeInt(bytes.length);
            out.write(bytes);
        }

        @Override
        public Object read(ByteBuffer in) {
            byte[] bytes = new byte[length(in, 1)];
            in.get(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }

        @Override
        public String layout() {
            return "string";
        }
    }

    record Array(Numbers numbers) implements Part {
        @Override
        public void write(Object value, DataOutputStream out) throws IOException {
            int length = java.lang.reflect.Array.getLength(value);
            ByteBuffer bytes = ByteBuffer.allocate(length * numbers.bytesEach);
            numbers.put(value, bytes);
            out.writeInt(length);
            out.write(bytes.array());
        }

        @Override
        public Object read(ByteBuffer in) {
            int length = length(in, numbers.bytesEach);
            int size = length * numbers.bytesEach;
            Object array = numbers.get(length, in.slice(in.position(), size));
            in.position(in.position() + size);
            return array;
        }

        @Override
        public String layout() {
            return numbers.type.getSimpleName();
        }
    }

    record Choice(Class<?> type) implements Part {
        @Override
        public void write(Object value, DataOutputStream out) throws IOException {
            out.writeInt(((Enum<?>) value).ordinal());
        }

        @Override
        public Object read(ByteBuffer in) {
            return at(in.getInt(), Arrays.asList(type.getEnumConstants()));
        }

        @Override
        public String layout() {
            return Arrays.toString(type.getEnumConstants());
        }
    }

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
            int length = length(in, 1);
            List<Object> list = new ArrayList<>(length);
            for (int i = 0; i < length; i++) {
                list.add(part.read(in));
            }
            return java.util.Collections.unmodifiableList(list);
        }

        @Override
        public String layout() {
            return "list of " + part.layout();
        }
    }

    /** A record, as the row of its components. */
    record Fields(Class<?> type, List<String> names, List<Part> parts, List<MethodHandle> getters, MethodHandle maker)
            implements Part {

        static Fields of(Class<?> type) {
            if (!type.isRecord()) {
                throw notPlain(type);
            }
            RecordComponent[] components = type.getRecordComponents();
            try {
                MethodHandles.Lookup lookup = MethodHandles.lookup();
                List<MethodHandle> getters = new ArrayList<>();
                for (RecordComponent component : components) {
                    component.getAccessor().setAccessible(true);
                    getters.add(lookup.unreflect(component.getAccessor()));
                }
                Constructor<?> maker = type.getDeclaredConstructor(
                        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
                maker.setAccessible(true);
                return new Fields(
                        type,
                        mapped(components, RecordComponent::getName),
                        mapped(components, component -> Part.of(component.getGenericType())),
                        getters,
                        lookup.unreflectConstructor(maker));
            } catch (ReflectiveOperationException e) {
                throw new IllegalArgumentException(type.getTypeName() + " cannot be taken apart", e);
            }
        }

        private static <T> List<T> mapped(RecordComponent[] components, Function<RecordComponent, T> property) {
            return Arrays.stream(components).map(property).toList();
        }

        @Override
        public void write(Object value, DataOutputStream out) throws IOException {
            for (int i = 0; i < parts.size(); i++) {
                parts.get(i).write(component(value, i), out);
            }
        }

        private Object component(Object value, int i) {
            try {
                return getters.get(i).invoke(value);
            } catch (Throwable e) {
                throw new IllegalStateException(type.getTypeName() + "." + names.get(i) + " cannot be read", e);
            }
        }

        @Override
        public Object read(ByteBuffer in) {
            Object[] values = new Object[parts.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = parts.get(i).read(in);
            }
            try {
                return maker.invokeWithArguments(values);
            } catch (Throwable e) {
                throw new UnreadableCheckpoint("no " + type.getSimpleName() + " can be made of what was read", e);
            }
        }

        @Override
        public String layout() {
            return java.util.stream.IntStream.range(0, parts.size())
                    .mapToObj(i -> names.get(i) + ":" + parts.get(i).layout())
                    .collect(Collectors.joining(",", type.getSimpleName() + "(", ")"));
        }
    }

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
            return at(in.getInt(), records).read(in);
        }

        @Override
        public String layout() {
            return records.stream().map(Fields::layout).collect(Collectors.joining("|"));
        }
    }

    private static <T> T at(int index, List<T> choices) {
        if (index < 0 || index >= choices.size()) {
            throw new UnreadableCheckpoint("choice " + index + " of " + choices.size());
        }
        return choices.get(index);
    }
}
