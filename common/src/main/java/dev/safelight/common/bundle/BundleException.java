package dev.safelight.common.bundle;

/** A bundle that cannot be used as it is; the message names the bundle and says what is wrong with it. */
public final class BundleException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BundleException(String message) {
        super(message);
    }

    public BundleException(String message, Throwable cause) {
        super(message, cause);
    }
}
