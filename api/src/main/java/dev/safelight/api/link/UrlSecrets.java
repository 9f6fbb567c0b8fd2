package dev.safelight.api.link;

import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import org.jdbi.v3.core.Jdbi;

/**
 * What URLs are signed with: the secrets of the configuration, or else those of the database, where the first process
 * leaves one. The first of them signs; the others are still good for what was signed before.
 */
public final class UrlSecrets {
    private static final String SECRETS = Sql.of(UrlSecrets.class, "secrets");
    private static final String FIRST_SECRET = Sql.of(UrlSecrets.class, "first_secret");
    private static final int BYTES = 32;
    private static final Duration KEPT = Duration.ofMinutes(1);
    /** Whoever sends wrong signatures makes us ask Postgres no more often. */
    private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(1);

    private final List<byte[]> configured;
    private final Jdbi jdbi;
    private final LongSupplier nanoTime;
    private volatile Loaded loaded;

    private record Loaded(List<byte[]> secrets, long at) {}

    /** @param configured newest first; empty leaves it to the database */
    public UrlSecrets(List<byte[]> configured, Database database, LongSupplier nanoTime) {
        this.configured = configured;
        this.jdbi = database.jdbi();
        this.nanoTime = nanoTime;
    }

    /**
     * Newest first, at least one.
     *
     * @throws org.jdbi.v3.core.JdbiException when Postgres is out of reach and they are not known yet
     */
    List<byte[]> known() {
        Loaded now = loaded;
        if (!configured.isEmpty()) {
            return configured;
        }
        return now == null || older(now, KEPT) ? look() : now.secrets();
    }

    /** As {@link #known}, looked up anew if that was not done a moment ago: another process may have a newer one. */
    List<byte[]> newest() {
        Loaded now = loaded;
        return !configured.isEmpty() || now != null && !older(now, BETWEEN_LOOKS) ? known() : look();
    }

    private boolean older(Loaded than, Duration age) {
        return nanoTime.getAsLong() - than.at() > age.toNanos();
    }

    private List<byte[]> look() {
        long at = nanoTime.getAsLong();
        List<byte[]> secrets = read();
        if (secrets.isEmpty()) {
            byte[] secret = new byte[BYTES];
            new SecureRandom().nextBytes(secret);
            jdbi.useHandle(handle ->
                    handle.createUpdate(FIRST_SECRET).bind("secret", secret).execute());
            secrets = read();
        }
        loaded = new Loaded(secrets, at);
        return secrets;
    }

    private List<byte[]> read() {
        return jdbi.withHandle(
                handle -> handle.createQuery(SECRETS).mapTo(byte[].class).list());
    }
}
