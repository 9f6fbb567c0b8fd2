package dev.safelight.common.sampling;

import java.util.List;

/** How a method spreads its steps over a process. */
@FunctionalInterface
public interface Layout {

    /** @throws IllegalArgumentException when the steps cannot be laid out so; the message says why */
    Plan plan(Setting setting);

    /** What a request can say about it beyond steps and spacing. */
    default List<Option<?>> options() {
        return List.of();
    }
}
