package dev.safelight.api.health;

import dev.safelight.common.store.Database;
import dev.safelight.common.store.Schema;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/** Whether Postgres can serve requests. */
public final class Readiness {
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
            return Schema.missing(jdbi);
        } catch (JdbiException e) {
            return Optional.of("out of reach");
        }
    }
}
