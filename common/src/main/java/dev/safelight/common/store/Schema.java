package dev.safelight.common.store;

import java.sql.SQLException;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/** How far the database has been migrated, beside how far this code needs it to be. */
public final class Schema {
    private static final String VERSION = Sql.of(Schema.class, "schema");
    /** The newest migration. */
    static final int NEEDED = 65;

    private Schema() {}

    /**
     * What keeps this code from working; empty when nothing does. A database that is ahead is fine: migrations only add.
     *
     * @throws JdbiException when Postgres does not answer
     */
    public static Optional<String> missing(Jdbi jdbi) {
        try {
            int version = jdbi.withHandle(
                    handle -> handle.createQuery(VERSION).mapTo(int.class).one());
            return version < NEEDED
                    ? Optional.of("migrations are missing: have " + version + ", need " + NEEDED)
                    : Optional.empty();
        } catch (JdbiException e) {
            if (hasNoTable(e)) {
                return Optional.of("migrations are missing");
            }
            throw e;
        }
    }

    private static boolean hasNoTable(JdbiException failure) {
        return failure.getCause() instanceof SQLException sql && "42P01".equals(sql.getSQLState());
    }
}
