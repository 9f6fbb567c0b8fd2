package dev.safelight.standalone.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.store.Database;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.worker.WorkerProcess;
import dev.safelight.worker.WorkerSettings;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A worker is started before its database has been migrated. */
@Timeout(60)
class LateMigrationTest {
    private static final Path BUNDLES =
            Path.of(System.getProperty("safelight.root"), "worker", "src", "test", "resources", "bundles");
    private static final String NEWEST =
            "WHERE version::integer = (SELECT max(version::integer) FROM flyway_schema_history)";

    @Test
    void theWorkerWaitsForTheNewestMigration() throws Exception {
        DatabaseSettings settings = TestServers.newDatabase();
        try (Database database = Database.open(settings, "test")) {
            execute(database, "UPDATE flyway_schema_history SET success = false " + NEWEST);
            FutureTask<WorkerProcess> starting = new FutureTask<>(() -> WorkerProcess.start(worker(settings)));
            Thread thread = Thread.ofPlatform().start(starting);

            while (!waits(thread)) {
                assertThat(thread.isAlive()).as("it should wait").isTrue();
                Thread.onSpinWait();
            }
            assertThat(count(database)).isZero();

            execute(database, "UPDATE flyway_schema_history SET success = true " + NEWEST);
            try (WorkerProcess worker = starting.get(30, TimeUnit.SECONDS)) {
                worker.drain();
            }
        }
    }

    /** Between two questions, not inside one. */
    private static boolean waits(Thread thread) {
        List<String> methods = Arrays.stream(thread.getStackTrace())
                .map(StackTraceElement::getMethodName)
                .toList();
        int waiting = methods.indexOf("claimStore");
        return waiting > 0 && methods.get(waiting - 1).equals("parkNanos");
    }

    private static WorkerSettings worker(DatabaseSettings database) {
        return WorkerSettings.read(new Settings(Map.of(
                "SAFELIGHT_DATABASE_URL", database.url(),
                "SAFELIGHT_DATABASE_USER", database.user(),
                "SAFELIGHT_DATABASE_PASSWORD", database.password(),
                "SAFELIGHT_KAFKA", TestServers.kafka().bootstrapServers(),
                "SAFELIGHT_STORE_FOLDER", TestServers.newFolder("outputs").toString(),
                "SAFELIGHT_MODELS", BUNDLES.toString(),
                "SAFELIGHT_CACHE", TestServers.newFolder("cache").toString(),
                "SAFELIGHT_DEVICE", "cpu")));
    }

    private static void execute(Database database, String sql) {
        database.jdbi().useHandle(handle -> handle.execute(sql));
    }

    private static int count(Database database) {
        return database.jdbi()
                .withHandle(handle -> handle.createQuery("SELECT count(*) FROM worker")
                        .mapTo(int.class)
                        .one());
    }
}
