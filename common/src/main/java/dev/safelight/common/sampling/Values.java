package dev.safelight.common.sampling;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The options of one request, as JSON values by name.
 *
 * @param given what was asked for; options that are not there have their fallback
 */
public record Values(Map<String, Object> given) {
    public static final Values NONE = new Values(Map.of());

    public Values {
        given = Map.copyOf(given);
    }

    /** The same with another value. */
    public Values with(Option<?> option, Object value) {
        Map<String, Object> more = new HashMap<>(given);
        more.put(option.name(), value);
        return new Values(more);
    }

    public boolean has(Option<?> option) {
        return given.containsKey(option.name());
    }

    /** @throws IllegalArgumentException when the value is not one of the option's */
    public <T> T get(Option<T> option) {
        return find(option).orElse(option.fallback());
    }

    /** Empty where none was given. */
    public <T> Optional<T> find(Option<T> option) {
        return Optional.ofNullable(given.get(option.name())).map(value -> read(option, value));
    }

    private static <T> T read(Option<T> option, Object value) {
        try {
            return option.read(value);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(option.name() + " " + e.getMessage(), e);
        }
    }
}
