package dev.safelight.api.auth;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * On whose behalf a request comes.
 *
 * @param tenantId whose jobs it sees; another tenant's do not exist for it
 * @param scopes what it may do
 * @param rate how often its tenant may ask; empty for as often as it likes
 */
public record Principal(String tenantId, Set<Scope> scopes, Optional<RequestRate> rate) {
    public Principal {
        scopes = Set.copyOf(scopes);
    }

    /** One that may ask as often as it likes. */
    public Principal(String tenantId, Set<Scope> scopes) {
        this(tenantId, scopes, Optional.empty());
    }

    /** One that may do everything. */
    public static Principal almighty(String tenantId) {
        return new Principal(tenantId, EnumSet.allOf(Scope.class));
    }
}
