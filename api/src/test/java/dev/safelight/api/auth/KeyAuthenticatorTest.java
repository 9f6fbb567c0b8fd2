package dev.safelight.api.auth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.auth.Authenticator.Known;
import dev.safelight.api.auth.Authenticator.Missing;
import dev.safelight.api.auth.Authenticator.Outcome;
import dev.safelight.api.auth.Authenticator.Refused;
import dev.safelight.api.auth.Authenticator.Unavailable;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.store.Database;
import dev.safelight.embedded.testing.TestServers;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Keys in a real Postgres; the time for which they are remembered is ticked. */
class KeyAuthenticatorTest {
    private static final Duration REMEMBER = Duration.ofSeconds(5);
    private static final String ADMIN = "sl_an-administrators-key-for-a-test";

    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000_000_000); // about to run over
    private Database database;
    private KeyStore keys;
    private KeyAuthenticator authenticator;

    @BeforeEach
    void open() {
        DatabaseSettings settings = TestServers.newDatabase();
        database = Database.open(settings, "test");
        keys = new KeyStore(database);
        authenticator = new KeyAuthenticator(keys, new AuthSettings(true, Optional.of(ADMIN)), REMEMBER, nanos::get);
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void aKeyIsItsTenantWithItsScopes() {
        sql("INSERT INTO tenant (tenant_id) VALUES ('studio')");
        ApiKey key = create("studio", Set.of(Scope.JOBS_READ), null);
        Outcome outcome = authenticate(key.reveal());
        assertThat(outcome).isEqualTo(new Known(new Principal("studio", Set.of(Scope.JOBS_READ))));
        assertThat(authenticator.authenticate(List.of("bearer   " + key.reveal())))
                .as("the scheme's case and blanks do not matter")
                .isEqualTo(outcome);
        assertThat(keys.create("nobody", "test", Set.of(Scope.ADMIN), null))
                .as("no such tenant")
                .isEmpty();
    }

    @Test
    void theSecretIsNotStored() {
        ApiKey key = create("default", Set.of(Scope.ADMIN), null);
        String row = database.jdbi()
                .withHandle(handle -> handle.createQuery("SELECT api_key::text FROM api_key")
                        .mapTo(String.class)
                        .one());
        String secret = key.reveal().substring(14);
        assertThat(row).contains(key.id()).doesNotContain(secret, secret.substring(0, 8));
    }

    @Test
    void whoeverSendsNoKeyIsAskedForOne() {
        assertThat(authenticator.authenticate(List.of())).isInstanceOf(Missing.class);
        assertThat(authenticator.authenticate(List.of("Basic YTpi"))).isInstanceOf(Missing.class);
        String key =
                "Bearer " + create("default", EnumSet.allOf(Scope.class), null).reveal();
        assertThat(authenticator.authenticate(List.of(key, key))).isInstanceOf(Missing.class);
    }

    @Test
    void aKeyThatIsNotKnownIsRefused() {
        ApiKey key = create("default", EnumSet.allOf(Scope.class), null);
        assertThat(authenticate("")).isInstanceOf(Refused.class);
        assertThat(authenticate("sl_nonsense")).isInstanceOf(Refused.class);
        assertThat(authenticate(ApiKey.draw().reveal())).isInstanceOf(Refused.class);
        // The id of one key with the secret of another, however well it is summed up.
        sql("UPDATE api_key SET sha256 = sha256('another'::bytea)");
        assertThat(authenticate(key.reveal())).isInstanceOf(Refused.class);
    }

    @Test
    void theAdministratorsKeyOfTheSettingsNeedsNoDatabase() {
        database.close();
        Known almighty = new Known(Principal.almighty("default"));
        assertThat(authenticator.recall(List.of("Bearer " + ADMIN))).contains(almighty);
        assertThat(authenticate(ADMIN.substring(1))).isInstanceOf(Refused.class);
    }

    @Test
    void whatPostgresSaidHoldsForSomeSecondsAndNotLonger() {
        ApiKey key = create("default", EnumSet.allOf(Scope.class), null);
        assertThat(recall(key)).as("never asked").isEmpty();
        assertThat(authenticate(key.reveal())).isInstanceOf(Known.class);
        keys.revoke(key.id());
        nanos.addAndGet(REMEMBER.toNanos() - 1);
        assertThat(recall(key)).containsInstanceOf(Known.class);
        nanos.incrementAndGet();
        assertThat(recall(key)).as("time to ask again").isEmpty();
        assertThat(authenticate(key.reveal())).isEqualTo(new Refused("this key was revoked"));
        assertThat(recall(key)).as("a refusal is remembered too").containsInstanceOf(Refused.class);
    }

    @Test
    void aRememberedKeyDoesNotLetInAnotherSecret() {
        ApiKey key = create("default", EnumSet.allOf(Scope.class), null);
        authenticate(key.reveal());
        ApiKey forged = ApiKey.parse(withId(key.id())).orElseThrow();
        assertThat(forged.id()).isEqualTo(key.id());
        assertThat(recall(forged)).containsInstanceOf(Refused.class);
        assertThat(recall(key)).containsInstanceOf(Known.class);
    }

    @Test
    void whileKeysCannotBeLookedUpNobodyNewIsLetIn() {
        ApiKey key = create("default", EnumSet.allOf(Scope.class), null);
        ApiKey other = create("default", EnumSet.allOf(Scope.class), null);
        authenticate(key.reveal());
        database.close();
        assertThat(authenticate(key.reveal())).as("known for now").isInstanceOf(Known.class);
        assertThat(authenticate(other.reveal())).isInstanceOf(Unavailable.class);
        nanos.addAndGet(REMEMBER.toNanos());
        assertThat(authenticate(key.reveal())).isInstanceOf(Unavailable.class);
    }

    @Test
    void aKeyExpiresByPostgresClock() {
        ApiKey key = create("default", EnumSet.allOf(Scope.class), Instant.now().plus(Duration.ofSeconds(3600)));
        assertThat(authenticate(key.reveal())).isInstanceOf(Known.class);
        sql("UPDATE api_key SET expires_at = now() + interval '2 seconds'");
        nanos.addAndGet(REMEMBER.toNanos());
        assertThat(authenticate(key.reveal())).isInstanceOf(Known.class);
        // Remembered for no longer than it counts.
        nanos.addAndGet(Duration.ofSeconds(2).toNanos());
        assertThat(recall(key)).isEmpty();
        sql("UPDATE api_key SET expires_at = now() - interval '1 second'");
        assertThat(authenticate(key.reveal())).isEqualTo(new Refused("this key has expired"));
        assertThat(recall(key)).containsInstanceOf(Refused.class);
    }

    @Test
    void theDayOfTheLastUseIsNotedOnlyForItsHolder() {
        ApiKey key = create("default", EnumSet.allOf(Scope.class), null);
        authenticate(withId(key.id()));
        assertThat(row(key).lastUsedOn()).isNull();
        nanos.addAndGet(REMEMBER.toNanos());
        authenticate(key.reveal());
        LocalDate today = database.jdbi()
                .withHandle(handle -> handle.createQuery("SELECT current_date")
                        .mapTo(LocalDate.class)
                        .one());
        assertThat(row(key).lastUsedOn()).isEqualTo(today);
    }

    @Test
    void aRotatedKeyGoesOnForTheOverlap() {
        ApiKey old = create("default", Set.of(Scope.JOBS_READ), Instant.now().plus(Duration.ofDays(30)));
        KeyStore.Created made = keys.rotate(old.id(), Duration.ofHours(1)).orElseThrow();
        assertThat(authenticate(old.reveal())).isInstanceOf(Known.class);
        assertThat(authenticate(made.key().reveal()))
                .isEqualTo(new Known(new Principal("default", Set.of(Scope.JOBS_READ))));
        assertThat(made.row().name()).isEqualTo("test");
        assertThat(Duration.between(made.row().createdAt(), made.row().expiresAt()))
                .isBetween(Duration.ofDays(30).minusMinutes(1), Duration.ofDays(30));
        KeyRow before = row(old);
        assertThat(before.replacedBy()).isEqualTo(made.key().id());
        assertThat(Duration.between(made.row().createdAt(), before.expiresAt())).isEqualTo(Duration.ofHours(1));
        assertThat(keys.rotate(old.id(), Duration.ZERO))
                .as("it has been replaced already")
                .isEmpty();
        keys.revoke(made.key().id());
        assertThat(keys.rotate(made.key().id(), Duration.ZERO))
                .as("it does not count any more")
                .isEmpty();
        assertThat(keys.rotate("0000000000", Duration.ZERO)).isEmpty();
    }

    private ApiKey create(String tenantId, Set<Scope> scopes, Instant expiresAt) {
        return keys.create(tenantId, "test", scopes, expiresAt).orElseThrow().key();
    }

    /** A well-formed key with an id of one's choice, as somebody would forge it who knows the id. */
    private static String withId(String id) {
        ApiKey forged = ApiKey.draw();
        String body = "sl_" + id + forged.reveal().substring(13, 46);
        // The sum is no secret.
        return body + ApiKey.sum(body);
    }

    private KeyRow row(ApiKey key) {
        return keys.list(Optional.of("default")).stream()
                .filter(row -> row.keyId().equals(key.id()))
                .findFirst()
                .orElseThrow();
    }

    private Outcome authenticate(String token) {
        return authenticator.authenticate(List.of("Bearer " + token));
    }

    private Optional<Outcome> recall(ApiKey key) {
        return authenticator.recall(List.of("Bearer " + key.reveal()));
    }

    private void sql(String statement) {
        database.jdbi().useHandle(handle -> handle.execute(statement));
    }
}
