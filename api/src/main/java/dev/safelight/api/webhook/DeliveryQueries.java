package dev.safelight.api.webhook;

import dev.safelight.common.job.JobIds;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** What tenants may know of, and do to, their deliveries. */
final class DeliveryQueries {
    private static final String DELIVERIES = Sql.of(DeliveryQueries.class, "deliveries");
    private static final String REPLAY = Sql.of(DeliveryQueries.class, "replay");
    private static final String TEST = Sql.of(DeliveryQueries.class, "test_delivery");

    private final Jdbi jdbi;

    DeliveryQueries(Database database) {
        this.jdbi = database.jdbi();
    }

    /** @param before list what is older than this delivery; empty for the newest */
    record Filter(Optional<UUID> job, Optional<UUID> endpoint, Optional<String> state, Optional<UUID> before) {}

    /** @return at most so many, newest first */
    List<DeliveryView> page(String tenantId, Filter filter, int most) {
        return jdbi.withHandle(handle -> select(handle, tenantId, filter, null, most));
    }

    Optional<DeliveryView> find(String tenantId, UUID deliveryId) {
        return jdbi.withHandle(handle -> find(handle, tenantId, deliveryId));
    }

    /** Makes it due again, whatever became of it. @return empty where it does not exist */
    Optional<DeliveryView> replay(String tenantId, UUID deliveryId) {
        return jdbi.inTransaction(handle -> {
            handle.createUpdate(REPLAY)
                    .bind("tenant_id", tenantId)
                    .bind("delivery_id", deliveryId)
                    .execute();
            return find(handle, tenantId, deliveryId);
        });
    }

    /** Writes a test message. @return empty where the endpoint does not exist or is disabled */
    Optional<DeliveryView> test(String tenantId, UUID endpointId) {
        UUID id = JobIds.next();
        return jdbi.inTransaction(handle -> {
            handle.createUpdate(TEST)
                    .bind("tenant_id", tenantId)
                    .bind("endpoint_id", endpointId)
                    .bind("delivery_id", id)
                    .bind("target", DeliveryStore.target(endpointId))
                    .execute();
            return find(handle, tenantId, id);
        });
    }

    private static Optional<DeliveryView> find(Handle handle, String tenantId, UUID deliveryId) {
        Filter everything = new Filter(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
        return select(handle, tenantId, everything, deliveryId, 1).stream().findFirst();
    }

    private static List<DeliveryView> select(Handle handle, String tenantId, Filter filter, UUID deliveryId, int most) {
        return handle.createQuery(DELIVERIES)
                .bind("tenant_id", tenantId)
                .bind("before", filter.before().orElse(null))
                .bind("job_id", filter.job().orElse(null))
                .bind("endpoint_id", filter.endpoint().orElse(null))
                .bind("state", filter.state().orElse(null))
                .bind("delivery_id", deliveryId)
                .bind("most", most)
                .map(DeliveryView::map)
                .list();
    }
}
