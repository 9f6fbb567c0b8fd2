package dev.safelight.common.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Loads a named statement: {@code Sql.of(JobStore.class, "claim")} is {@code claim.sql} in that class's resource folder. */
public final class Sql {
    private Sql() {}

    /** Meant for constants: a missing file is a bug and fails when the class loads. */
    public static String of(Class<?> owner, String name) {
        try (InputStream in = owner.getResourceAsStream(name + ".sql")) {
            if (in == null) {
                throw new IllegalStateException(owner.getPackageName() + " has no statement " + name + ".sql");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
