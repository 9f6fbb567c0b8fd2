package dev.safelight.api.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.common.store.Database;
import dev.safelight.common.store.FileObjectStore;
import dev.safelight.common.store.ForeignStoreException;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.StoreClaim;
import dev.safelight.embedded.testing.TestServers;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Here and not beside its subject, because the module common has no Postgres to test with. */
final class StoreClaimTest {
    private final Database database = Database.open(TestServers.newDatabase(), "store-claim-test");

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void whoSharesTheFolderMayStart(@TempDir Path folder) throws Exception {
        StoreClaim.check(database.jdbi(), open(folder));
        StoreClaim.check(database.jdbi(), open(folder));
        assertThat(claims()).isEqualTo(1);
    }

    @Test
    void whoHasAnotherFolderIsRefused(@TempDir Path folder, @TempDir Path other) throws Exception {
        StoreClaim.check(database.jdbi(), open(folder));
        assertThatThrownBy(() -> StoreClaim.check(database.jdbi(), open(other)))
                .isInstanceOf(ForeignStoreException.class)
                .hasMessageContaining(open(folder).identity())
                .hasMessageContaining(open(other).identity())
                .hasMessageContaining("SAFELIGHT_STORE_FOLDER");
    }

    @Test
    void ofManyThatStartAtOnceOneStoreWins(@TempDir Path folder, @TempDir Path other) throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Callable<Boolean>> starts = new ArrayList<>();
            for (int index = 0; index < 8; index++) {
                ObjectStore store = open(index % 2 == 0 ? folder : other);
                starts.add(() -> mayStart(store));
            }
            int started = 0;
            for (Future<Boolean> start : threads.invokeAll(starts)) {
                started += start.get() ? 1 : 0;
            }
            assertThat(started).isEqualTo(4);
        }
        assertThat(claims()).isEqualTo(1);
    }

    private boolean mayStart(ObjectStore store) throws Exception {
        try {
            StoreClaim.check(database.jdbi(), store);
            return true;
        } catch (ForeignStoreException e) {
            return false;
        }
    }

    private int claims() {
        return database.jdbi()
                .withHandle(handle -> handle.createQuery("SELECT count(*) FROM object_store")
                        .mapTo(int.class)
                        .one());
    }

    private static ObjectStore open(Path folder) throws Exception {
        return FileObjectStore.open(folder, Clock.systemUTC());
    }
}
