package dev.safelight.api.admin;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.auth.KeyStore;
import dev.safelight.api.auth.Scope;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.validate.Violation;
import dev.safelight.common.job.JobKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** {@code /v1/keys}: made, listed, replaced, revoked. A key is in the reply that made it and nowhere else. */
final class KeyHandlers {
    private static final long DEFAULT_OVERLAP_SECONDS = Duration.ofDays(1).toSeconds();

    private final KeyStore keys;
    private final Clock clock;

    private record Keys(List<KeyView> keys) {}

    KeyHandlers(KeyStore keys, Clock clock) {
        this.keys = keys;
        this.clock = clock;
    }

    Map<String, Handler> all() {
        return Map.of(
                "listKeys", this::list,
                "createKey", this::create,
                "rotateKey", this::rotate,
                "revokeKey", this::revoke);
    }

    private Reply list(Request request) {
        return Reply.json(
                200,
                new Keys(keys.list(request.text("tenant")).stream()
                        .map(row -> KeyView.of(row, clock.instant()))
                        .toList()));
    }

    private Reply create(Request request) {
        JsonNode body = request.body();
        String tenantId = body.path("tenant").asText(JobKey.DEFAULT_TENANT);
        Set<Scope> scopes = EnumSet.noneOf(Scope.class);
        body.get("scopes")
                .forEach(word -> scopes.add(Scope.find(word.textValue()).orElseThrow()));
        Instant expiresAt = body.hasNonNull("expires_in")
                ? clock.instant().plusSeconds(body.get("expires_in").longValue())
                : null;
        Optional<KeyStore.Created> made = keys.create(tenantId, body.get("name").textValue(), scopes, expiresAt);
        return made.isEmpty()
                ? Problem.invalid(
                                422,
                                List.of(Violation.body(
                                        "unknown_tenant",
                                        "#/tenant",
                                        "no tenant is called " + tenantId + "; make it with POST /v1/tenants")))
                        .reply()
                : secret(made.get());
    }

    private Reply rotate(Request request) {
        Duration overlap = Duration.ofSeconds(request.body().path("overlap").asLong(DEFAULT_OVERLAP_SECONDS));
        Optional<KeyStore.Created> made = keys.rotate(id(request), overlap);
        if (made.isPresent()) {
            return secret(made.get());
        }
        boolean there =
                keys.list(Optional.empty()).stream().anyMatch(row -> row.keyId().equals(id(request)));
        return there
                ? new Problem(409, "key_ended", "the key is revoked, expired or replaced already; make a new one")
                        .reply()
                : unknown(request);
    }

    private Reply revoke(Request request) {
        return keys.revoke(id(request))
                .map(row -> Reply.json(200, KeyView.of(row, clock.instant())))
                .orElseGet(() -> unknown(request));
    }

    /** What holds a key must not lie in a cache. */
    private Reply secret(KeyStore.Created made) {
        return Reply.json(201, KeyView.of(made, clock.instant())).with("Cache-Control", "no-store");
    }

    private static Reply unknown(Request request) {
        return Problem.notFound("no key has the id " + id(request)).reply();
    }

    private static String id(Request request) {
        return request.text("key_id").orElseThrow();
    }
}
