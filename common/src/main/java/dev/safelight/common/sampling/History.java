package dev.safelight.common.sampling;

import java.util.List;
import java.util.stream.Stream;

/** What multistep methods remember: a bounded list, the latest first. */
public final class History {
    private History() {}

    /** A list that begins with {@code latest} and has at most {@code length} elements. */
    public static <T> List<T> with(T latest, List<T> before, int length) {
        return Stream.concat(Stream.of(latest), before.stream()).limit(length).toList();
    }
}
