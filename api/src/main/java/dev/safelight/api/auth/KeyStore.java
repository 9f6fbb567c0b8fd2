package dev.safelight.api.auth;

import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jdbi.v3.core.Jdbi;

/** The keys in Postgres. */
public final class KeyStore {
    private static final String FIND = Sql.of(KeyStore.class, "find_key");
    private static final String USED = Sql.of(KeyStore.class, "key_used");
    private static final String CREATE = Sql.of(KeyStore.class, "create_key");
    private static final String LIST = Sql.of(KeyStore.class, "list_keys");
    private static final String REVOKE = Sql.of(KeyStore.class, "revoke_key");
    private static final String ROTATE = Sql.of(KeyStore.class, "rotate_key");

    private final Jdbi jdbi;

    public KeyStore(Database database) {
        this.jdbi = database.jdbi();
    }

    /** A new key; the only time that it can be seen. */
    public record Created(ApiKey key, KeyRow row) {}

    /**
     * What a request's key is held against.
     *
     * @param left until it expires; empty when it does not
     */
    record Found(Principal principal, byte[] sha256, boolean revoked, Optional<Duration> left, boolean usedToday) {}

    Optional<Found> find(String keyId) {
        return jdbi.withHandle(handle -> handle.createQuery(FIND)
                .bind("key_id", keyId)
                .map((row, context) -> found(row))
                .findOne());
    }

    void used(String keyId) {
        jdbi.useHandle(handle -> handle.createUpdate(USED).bind("key_id", keyId).execute());
    }

    /**
     * Makes a key.
     *
     * @param expiresAt or null for a key that does not expire
     * @return empty when there is no such tenant
     */
    public Optional<Created> create(String tenantId, String name, Collection<Scope> scopes, Instant expiresAt) {
        ApiKey key = ApiKey.draw();
        return jdbi.withHandle(handle -> handle.createQuery(CREATE)
                .bind("tenant_id", tenantId)
                .bind("key_id", key.id())
                .bind("name", name)
                .bind("sha256", key.sha256())
                .bindArray(
                        "scopes", String.class, scopes.stream().map(Scope::word).toList())
                .bind("expires_at", expiresAt == null ? null : expiresAt.atOffset(ZoneOffset.UTC))
                .map(KeyRow::map)
                .findOne()
                .map(row -> new Created(key, row)));
    }

    /** By tenant, oldest first. @param tenantId empty for everybody's */
    public List<KeyRow> list(Optional<String> tenantId) {
        return jdbi.withHandle(handle -> handle.createQuery(LIST)
                .bind("tenant_id", tenantId.orElse(null))
                .map(KeyRow::map)
                .list());
    }

    /** Ends a key, for good. Doing so twice is harmless. @return empty when there is no such key */
    public Optional<KeyRow> revoke(String keyId) {
        return jdbi.withHandle(handle -> handle.createQuery(REVOKE)
                .bind("key_id", keyId)
                .map(KeyRow::map)
                .findOne());
    }

    /**
     * Makes a key that takes another's place.
     *
     * @param overlap for so long the old one still counts
     * @return empty when no key of this id counts, or it has been replaced already
     */
    public Optional<Created> rotate(String keyId, Duration overlap) {
        ApiKey key = ApiKey.draw();
        return jdbi.withHandle(handle -> handle.createQuery(ROTATE)
                .bind("old_key_id", keyId)
                .bind("key_id", key.id())
                .bind("sha256", key.sha256())
                .bind("overlap", overlap.toMillis() / 1000.0)
                .map(KeyRow::map)
                .findOne()
                .map(row -> new Created(key, row)));
    }

    private static Optional<RequestRate> rate(ResultSet row) throws SQLException {
        double perSecond = row.getDouble("requests_per_second");
        return row.wasNull()
                ? Optional.empty()
                : Optional.of(RequestRate.of(perSecond, row.getObject("burst", Integer.class)));
    }

    private static Found found(ResultSet row) throws SQLException {
        Set<Scope> scopes = EnumSet.noneOf(Scope.class);
        Stream.of((String[]) row.getArray("scopes").getArray())
                .flatMap(word -> Scope.find(word).stream())
                .forEach(scopes::add);
        double left = row.getDouble("seconds_left");
        return new Found(
                new Principal(row.getString("tenant_id"), scopes, rate(row)),
                row.getBytes("sha256"),
                row.getBoolean("revoked"),
                row.getObject("seconds_left") == null
                        ? Optional.empty()
                        : Optional.of(Duration.ofMillis((long) (left * 1000))),
                row.getBoolean("used_today"));
    }
}
