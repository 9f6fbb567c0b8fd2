package dev.safelight.standalone;

/** Why Safelight does not start; the message is one line for whoever typed the command. */
public final class CannotStart extends Exception {
    private static final long serialVersionUID = 1L;

    public CannotStart(String message) {
        super(message);
    }

    public CannotStart(String message, Throwable cause) {
        super(message, cause);
    }
}
