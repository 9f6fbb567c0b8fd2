package dev.safelight.api.webhook;

import dev.safelight.api.sign.Sealing;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.sign.SigningSecret;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** The secrets of endpoints, and the one of each tenant that signs what its jobs' own webhooks get. */
final class Secrets {
    private static final String CURRENT = Sql.of(Secrets.class, "current_secrets");
    private static final String INSERT = Sql.of(Secrets.class, "insert_secret");
    private static final String RETIRE = Sql.of(Secrets.class, "retire_secret");
    /** Two that rotate at the same moment. */
    private static final int MOST_TRIES = 3;

    private final Jdbi jdbi;
    private final Sealing sealing;

    /** A new secret, and until when the one before it signs too; null where there was none. */
    record Rotated(SigningSecret secret, Instant previousEndsAt) {}

    Secrets(Database database, Sealing sealing) {
        this.jdbi = database.jdbi();
        this.sealing = sealing;
    }

    /** Opens what a row holds. @return empty where a key is missing that only the operator can bring back */
    Optional<List<SigningSecret>> open(String tenantId, List<String> sealed) {
        List<SigningSecret> opened = new ArrayList<>();
        for (String text : sealed) {
            Optional<SigningSecret> secret = sealing.open(tenantId, text);
            if (secret.isEmpty()) {
                return Optional.empty();
            }
            opened.add(secret.get());
        }
        return Optional.of(opened);
    }

    /** The sealed secrets of a tenant's own, made at first use. */
    List<String> ofTenant(String tenantId) {
        List<String> known = sealed(tenantId, null);
        if (!known.isEmpty()) {
            return known;
        }
        jdbi.useHandle(handle -> insert(handle, tenantId, null, SigningSecret.generate()));
        return sealed(tenantId, null);
    }

    /** @param endpointId null for the tenant's own; @return the sealed secrets, the newest first */
    List<String> sealed(String tenantId, UUID endpointId) {
        return jdbi.withHandle(handle -> handle.createQuery(CURRENT)
                .bind("tenant_id", tenantId)
                .bind("endpoint_id", endpointId)
                .mapTo(String.class)
                .list());
    }

    /** @return whether there was none yet */
    boolean insert(Handle handle, String tenantId, UUID endpointId, SigningSecret secret) {
        return handle.createUpdate(INSERT)
                        .bind("tenant_id", tenantId)
                        .bind("secret_id", JobIds.next())
                        .bind("endpoint_id", endpointId)
                        .bind("sealed", sealing.seal(tenantId, secret))
                        .execute()
                == 1;
    }

    /** @param overlap how long the secret before goes on signing beside the new one */
    Rotated rotate(String tenantId, UUID endpointId, SigningSecret secret, Duration overlap) {
        for (int tries = 0; tries < MOST_TRIES; tries++) {
            Optional<Rotated> rotated = jdbi.inTransaction(handle -> {
                Optional<Instant> ends = handle.createQuery(RETIRE)
                        .bind("tenant_id", tenantId)
                        .bind("endpoint_id", endpointId)
                        .bind("overlap", DeliveryStore.seconds(overlap))
                        .map((row, context) ->
                                row.getObject("ends_at", OffsetDateTime.class).toInstant())
                        .findOne();
                return insert(handle, tenantId, endpointId, secret)
                        ? Optional.of(new Rotated(secret, ends.orElse(null)))
                        : Optional.<Rotated>empty();
            });
            if (rotated.isPresent()) {
                return rotated.get();
            }
        }
        throw new IllegalStateException("others rotate the same secret all the time");
    }
}
