package dev.safelight.api.sweep;

import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.ObjectStores;
import dev.safelight.common.store.S3Server;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

final class S3SweeperTest extends SweeperContract {
    @TempDir
    private static Path folder;

    private static S3Server server;
    private static ObjectStore store;

    @BeforeAll
    static void start() throws IOException {
        server = S3Server.start(folder);
        store = ObjectStores.open(server.settings());
    }

    @AfterAll
    static void stop() {
        store.close();
        server.close();
    }

    @Override
    ObjectStore store() {
        return store;
    }
}
