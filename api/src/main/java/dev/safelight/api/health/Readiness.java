package dev.safelight.api.health;

import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.sql.SQLException;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/** Whether Postgres can serve requests. */
public final class Readiness {
    private static final String SCHEMA = Sql.of(Readiness.class, "schema");
    /** The newest migration that this code needs. */
    static final int NEEDED_SCHEMA = 50;

    private final Jdbi jdbi;
    private volatile String refusal;

    public Readiness(Database database) {
        this.jdbi = database.jdbi();
    }

    /** Makes the process unready for good, whatever Postgres says. */
    public void refuse(String reason) {
        refusal = reason;
    }

    /** @return what is missing; empty when all is there */
    Optional<String> missing() {
        if (refusal != null) {
            return Optional.of(refusal);
        }
        try {
            int schema = jdbi.withHandle(
                    handle -> handle.createQuery(SCHEMA).mapTo(int.class).one());
            return schema < NEEDED_SCHEMA
                    ? Optional.of("migrations are missing: have " + schema + ", need " + NEEDED_SCHEMA)
                    : Optional.empty();
        } catch (JdbiException e) {
            return Optional.of(hasNoTable(e) ? "migrations are missing" : "out of reach");
        }
    }

    private static boolean hasNoTable(JdbiException failure) {
        return failure.getCause() instanceof SQLException sql && "42P01".equals(sql.getSQLState());
    }
}
