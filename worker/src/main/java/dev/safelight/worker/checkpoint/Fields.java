package dev.safelight.worker.checkpoint;

import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A record, as the row of its components. */
record Fields(Class<?> type, List<String> names, List<Part> parts, List<MethodHandle> getters, MethodHandle maker)
        implements Part {

    static Fields of(Class<?> type) {
        if (!type.isRecord()) {
            throw Part.notPlain(type);
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
        return IntStream.range(0, parts.size())
                .mapToObj(i -> names.get(i) + ":" + parts.get(i).layout())
                .collect(Collectors.joining(",", type.getSimpleName() + "(", ")"));
    }
}
