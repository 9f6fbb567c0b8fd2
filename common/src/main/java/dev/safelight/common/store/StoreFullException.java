package dev.safelight.common.store;

import java.io.IOException;

/** There is no room in the object store: nobody's fault, and over as soon as somebody makes room. */
public final class StoreFullException extends IOException {
    private static final long serialVersionUID = 1L;

    public StoreFullException(String where, Throwable cause) {
        super("the object store is full: " + where, cause);
    }
}
