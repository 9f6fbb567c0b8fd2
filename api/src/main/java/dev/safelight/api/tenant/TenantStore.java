package dev.safelight.api.tenant;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** The tenants in Postgres. */
public final class TenantStore {
    private static final String LIST = Sql.of(TenantStore.class, "list_tenants");
    private static final String TENANT = Sql.of(TenantStore.class, "tenant");
    private static final String CREATE = Sql.of(TenantStore.class, "create_tenant");
    private static final String CHANGE = Sql.of(TenantStore.class, "change_tenant");

    private final Jdbi jdbi;

    public TenantStore(Database database) {
        this.jdbi = database.jdbi();
    }

    public List<Tenant> list() {
        return jdbi.withHandle(
                handle -> handle.createQuery(LIST).map(Tenant::map).list());
    }

    public Optional<Tenant> find(String tenantId) {
        return jdbi.withHandle(handle -> handle.createQuery(TENANT)
                .bind("tenant_id", tenantId)
                .map(Tenant::map)
                .findOne());
    }

    /** @param limits as of {@link #change} @return empty when there is one of this id already */
    public Optional<Tenant> create(String tenantId, JsonNode limits) {
        return jdbi.inTransaction(handle ->
                handle.createUpdate(CREATE).bind("tenant_id", tenantId).execute() == 1
                        ? change(handle, tenantId, limits)
                        : Optional.empty());
    }

    /**
     * Changes what the document names.
     *
     * @param changes {@code weight}, {@code requests_per_second}, {@code burst}, {@code most_running}, {@code most_queued},
     *     {@code outputs_expire_in}: positive numbers, or null for no limit
     * @return empty when there is no such tenant
     */
    public Optional<Tenant> change(String tenantId, JsonNode changes) {
        return jdbi.withHandle(handle -> change(handle, tenantId, changes));
    }

    private static Optional<Tenant> change(Handle handle, String tenantId, JsonNode changes) {
        return handle.createQuery(CHANGE)
                .bind("tenant_id", tenantId)
                .bind("changes", changes.toString())
                .map(Tenant::map)
                .findOne();
    }
}
