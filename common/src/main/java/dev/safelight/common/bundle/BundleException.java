package dev.safelight.common.bundle;

/**
 * A bundle that cannot be used as it is: whoever reads the same bytes finds the same. The message names the bundle and says
 * what is wrong with it. A file that cannot be read is an {@link java.io.UncheckedIOException} instead.
 */
public final class BundleException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BundleException(String message) {
        super(message);
    }

    public BundleException(String message, Throwable cause) {
        super(message, cause);
    }
}
