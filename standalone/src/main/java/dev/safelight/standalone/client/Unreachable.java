package dev.safelight.standalone.client;

/** No server answers at the URL. */
public final class Unreachable extends Exception {
    private static final long serialVersionUID = 1L;

    public Unreachable(String message, Throwable cause) {
        super(message, cause);
    }
}
