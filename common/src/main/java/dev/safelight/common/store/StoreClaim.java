package dev.safelight.common.store;

import java.io.IOException;
import org.jdbi.v3.core.Jdbi;

/**
 * Makes sure that all processes of one database share one object store. The first process to start writes its store's
 * identity into the database; every later one compares. So a worker whose folder is not the API's, because it is on
 * another host or was mistyped, refuses to start, while a folder shared over a network is fine.
 */
public final class StoreClaim {
    private static final String CLAIM = Sql.of(StoreClaim.class, "claim_store");
    private static final String CLAIMED = Sql.of(StoreClaim.class, "claimed_store");

    private StoreClaim() {}

    /**
     * To be called at start, again until Postgres answers.
     *
     * @throws ForeignStoreException when the database belongs to another store
     */
    public static void check(Jdbi jdbi, ObjectStore store) throws IOException, ForeignStoreException {
        String identity = store.identity();
        // Two statements: when two processes are first at once, only a new snapshot sees the winner's row.
        jdbi.useHandle(
                handle -> handle.createUpdate(CLAIM).bind("identity", identity).execute());
        String claimed = jdbi.withHandle(
                handle -> handle.createQuery(CLAIMED).mapTo(String.class).one());
        if (!claimed.equals(identity)) {
            throw new ForeignStoreException(identity, claimed);
        }
    }
}
