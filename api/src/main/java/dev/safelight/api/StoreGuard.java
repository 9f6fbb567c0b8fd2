package dev.safelight.api;

import dev.safelight.api.health.Readiness;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.ForeignStoreException;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.StoreClaim;
import java.io.IOException;
import java.time.Duration;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares this process's store with the one that the database's outputs are in: at start, or as soon as Postgres
 * answers. In another store this process would find no output, and would sweep away those of somebody else.
 */
final class StoreGuard implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StoreGuard.class);
    private static final Duration BETWEEN_TRIES = Duration.ofSeconds(2);

    private final Database database;
    private final ObjectStore store;
    private final Readiness readiness;
    private final Runnable own;
    private final Thread later = Thread.ofVirtual().name("store-guard").unstarted(this::compareLater);

    /** @param own run once the store is known to be the right one */
    StoreGuard(Database database, ObjectStore store, Readiness readiness, Runnable own) {
        this.database = database;
        this.store = store;
        this.readiness = readiness;
        this.own = own;
    }

    /** @throws IOException when the store is another one; while Postgres is down that is found out, and logged, later */
    void start() throws IOException {
        try {
            if (!compare()) {
                later.start();
            }
        } catch (ForeignStoreException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** @return whether Postgres could be asked */
    private boolean compare() throws ForeignStoreException {
        try {
            StoreClaim.check(database.jdbi(), store);
        } catch (IOException | JdbiException e) {
            LOG.debug("the store cannot be compared yet: {}", e.getMessage());
            return false;
        }
        own.run();
        return true;
    }

    private void compareLater() {
        try {
            do {
                Thread.sleep(BETWEEN_TRIES);
            } while (!compare());
        } catch (ForeignStoreException e) {
            LOG.error("{}", e.getMessage());
            readiness.refuse(e.getMessage());
        } catch (InterruptedException e) {
            LOG.debug("closed before Postgres answered");
        }
    }

    @Override
    public void close() {
        later.interrupt();
    }
}
