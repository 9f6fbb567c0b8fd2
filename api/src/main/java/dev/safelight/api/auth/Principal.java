package dev.safelight.api.auth;

import java.util.EnumSet;
import java.util.Set;

/**
 * On whose behalf a request comes.
 *
 * @param tenantId whose jobs it sees; another tenant's do not exist for it
 * @param scopes what it may do
 */
public record Principal(String tenantId, Set<Scope> scopes) {
    public Principal {
        scopes = Set.copyOf(scopes);
    }

    /** One that may do everything. */
    public static Principal almighty(String tenantId) {
        return new Principal(tenantId, EnumSet.allOf(Scope.class));
    }
}
