package dev.safelight.standalone;

import dev.safelight.standalone.command.Safelight;

/** The command line; the launcher {@code safelight} in the repository's root finds a JDK and calls it. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.exit(Safelight.execute(arguments));
    }
}
