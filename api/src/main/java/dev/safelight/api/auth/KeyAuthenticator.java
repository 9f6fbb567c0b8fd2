package dev.safelight.api.auth;

import dev.safelight.common.job.JobKey;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows keys by their digests. What Postgres said of a key holds for some seconds, so that a request needs no database;
 * then it is asked again, so that a revocation takes effect. While it cannot be asked, nobody whose key it is time to
 * look up is let in.
 */
public final class KeyAuthenticator implements Authenticator {
    private static final Logger LOG = LoggerFactory.getLogger(KeyAuthenticator.class);
    private static final int MOST_REMEMBERED = 10_000;
    /** Look-ups at once: somebody who guesses ids must not get hold of all connections. */
    private static final int LOOK_UPS = 4;

    private static final String SCHEME = "Bearer ";
    private static final Missing NOTHING_SENT =
            new Missing("this needs a key: send it as Authorization: Bearer sl_…, and ask your administrator for one");
    private static final Missing NOT_BEARER = new Missing("send the key as one field Authorization: Bearer sl_…");
    private static final Refused MISTYPED = new Refused("this is no key, or it has a typing error");
    private static final Refused UNKNOWN = new Refused("this key is not known");
    private static final Refused REVOKED = new Refused("this key was revoked");
    private static final Refused EXPIRED = new Refused("this key has expired");

    private final KeyStore store;
    private final Optional<byte[]> adminDigest;
    private final Duration remember;
    private final LongSupplier nanoTime;
    private final ReentrantLock[] lookUps =
            Stream.generate(ReentrantLock::new).limit(LOOK_UPS).toArray(ReentrantLock[]::new);

    /** Least recently used first. Only keys that exist, so that guessing displaces nobody. */
    private final Map<String, Remembered> remembered = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Remembered> eldest) {
            return size() > MOST_REMEMBERED;
        }
    };

    private record Remembered(KeyStore.Found key, boolean expired, long until) {}

    /**
     * @param remember how long what Postgres said of a key holds
     * @param nanoTime {@link System#nanoTime()} outside tests
     */
    public KeyAuthenticator(KeyStore store, AuthSettings settings, Duration remember, LongSupplier nanoTime) {
        this.store = store;
        this.adminDigest = settings.adminKey().map(ApiKey::sha256);
        this.remember = remember;
        this.nanoTime = nanoTime;
    }

    @Override
    public Optional<Outcome> recall(List<String> authorization) {
        return decide(authorization, key -> {
            Remembered known = remembered(key.id());
            return known == null || stale(known) ? Optional.empty() : Optional.of(verdict(key, known));
        });
    }

    @Override
    public Outcome authenticate(List<String> authorization) {
        return decide(authorization, key -> Optional.of(lookUp(key))).orElseThrow();
    }

    private interface OfKey {
        Optional<Outcome> decide(ApiKey key);
    }

    private Optional<Outcome> decide(List<String> authorization, OfKey ofKey) {
        if (authorization.isEmpty()) {
            return Optional.of(NOTHING_SENT);
        }
        String field = authorization.getFirst();
        if (authorization.size() > 1 || !field.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return Optional.of(NOT_BEARER);
        }
        String token = field.substring(SCHEME.length()).strip();
        if (adminDigest.isPresent() && MessageDigest.isEqual(adminDigest.get(), ApiKey.sha256(token))) {
            return Optional.of(new Known(Principal.almighty(JobKey.DEFAULT_TENANT)));
        }
        Optional<ApiKey> key = ApiKey.parse(token);
        return key.isEmpty() ? Optional.of(MISTYPED) : ofKey.decide(key.get());
    }

    /** One request asks for all that come with the same key. */
    private Outcome lookUp(ApiKey key) {
        ReentrantLock lock = lookUps[Math.floorMod(key.id().hashCode(), LOOK_UPS)];
        lock.lock();
        try {
            Remembered known = remembered(key.id());
            if (known == null || stale(known)) {
                Optional<KeyStore.Found> found = store.find(key.id());
                if (found.isEmpty()) {
                    return UNKNOWN;
                }
                known = remember(key.id(), found.get());
            }
            Outcome outcome = verdict(key, known);
            if (outcome instanceof Known && !known.key().usedToday()) {
                noteUse(key);
            }
            return outcome;
        } catch (JdbiException e) {
            LOG.debug("keys cannot be looked up: {}", e.getMessage());
            return new Unavailable();
        } finally {
            lock.unlock();
        }
    }

    private Outcome verdict(ApiKey key, Remembered known) {
        if (!MessageDigest.isEqual(known.key().sha256(), key.sha256())) {
            return UNKNOWN;
        }
        if (known.key().revoked()) {
            return REVOKED;
        }
        return known.expired() ? EXPIRED : new Known(known.key().principal());
    }

    private void noteUse(ApiKey key) {
        try {
            store.used(key.id());
        } catch (JdbiException e) {
            LOG.debug("the day of {}'s last use is not noted: {}", key, e.getMessage());
        }
    }

    private Remembered remember(String keyId, KeyStore.Found found) {
        Duration holds =
                found.left().filter(left -> left.compareTo(remember) < 0).orElse(remember);
        boolean expired = found.left().isPresent() && !found.left().get().isPositive();
        Remembered fresh =
                new Remembered(found, expired, nanoTime.getAsLong() + (expired ? remember : holds).toNanos());
        synchronized (remembered) {
            remembered.put(keyId, fresh);
        }
        return fresh;
    }

    private Remembered remembered(String keyId) {
        synchronized (remembered) {
            return remembered.get(keyId);
        }
    }

    private boolean stale(Remembered known) {
        return nanoTime.getAsLong() - known.until() >= 0;
    }
}
