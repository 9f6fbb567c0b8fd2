package dev.safelight.common.config;

import java.util.List;

/** The configuration cannot be used; the message has one line for each problem. */
public final class InvalidSettings extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public InvalidSettings(List<String> problems) {
        super(String.join(System.lineSeparator(), problems));
    }
}
