package dev.safelight.worker.checkpoint;

import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** One kind of value of a {@link RecordCodec}: how it is written, read and called. */
sealed interface Part permits Scalar, Text, NumberArray, Choice, Many, Fields, OneOf, Nullable {

    void write(Object value, DataOutputStream out) throws IOException;

    Object read(ByteBuffer in);

    String layout();

    /** @throws IllegalArgumentException when it is not plain data */
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
        Part scalar = Scalar.of(type);
        if (scalar != null) {
            return scalar;
        }
        if (type == String.class) {
            return new Nullable(new Text());
        }
        if (type.isArray() && Numbers.of(type) != null) {
            return new Nullable(new NumberArray(Numbers.of(type)));
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

    static IllegalArgumentException notPlain(Type type) {
        return new IllegalArgumentException(type.getTypeName() + " is not plain data: no checkpoint can hold it");
    }
}
