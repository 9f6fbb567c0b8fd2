package dev.safelight.api.sweep;

import dev.safelight.common.store.FileObjectStore;
import dev.safelight.common.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

final class FileSweeperTest extends SweeperContract {
    @TempDir
    private Path folder;

    private ObjectStore store;

    @BeforeEach
    void open() throws IOException {
        store = FileObjectStore.open(folder, Clock.systemUTC());
    }

    @Override
    ObjectStore store() {
        return store;
    }
}
