package dev.safelight.common.store;

import dev.safelight.common.config.StoreSettings;
import java.io.IOException;
import java.time.Clock;

/** Opens the store that the configuration names. */
public final class ObjectStores {
    private ObjectStores() {}

    public static ObjectStore open(StoreSettings settings) throws IOException {
        return switch (settings.kind()) {
            case FILE -> FileObjectStore.open(settings.folder(), Clock.systemUTC());
            case S3 -> S3ObjectStore.open(settings);
        };
    }
}
