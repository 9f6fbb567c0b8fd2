package dev.safelight.api.webhook;

import dev.safelight.common.job.JobIds;
import dev.safelight.common.sign.SigningSecret;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Jdbi;

/** The endpoints of tenants. */
final class EndpointStore {
    /** Of one tenant. */
    static final int MOST = 50;

    private static final String CREATE = Sql.of(EndpointStore.class, "create_endpoint");
    private static final String ALL = Sql.of(EndpointStore.class, "endpoints");
    private static final String ONE = Sql.of(EndpointStore.class, "endpoint");
    private static final String CHANGE = Sql.of(EndpointStore.class, "change_endpoint");
    private static final String DELETE = Sql.of(EndpointStore.class, "delete_endpoint");

    private final Jdbi jdbi;
    private final Secrets secrets;

    EndpointStore(Database database, Secrets secrets) {
        this.jdbi = database.jdbi();
        this.secrets = secrets;
    }

    /** @param description or null; @return empty when the tenant has {@link #MOST} already */
    Optional<EndpointRow> create(
            String tenantId, String url, String description, List<String> events, SigningSecret secret) {
        return jdbi.inTransaction(handle -> {
            Optional<EndpointRow> created = handle.createQuery(CREATE)
                    .bind("tenant_id", tenantId)
                    .bind("endpoint_id", JobIds.next())
                    .bind("url", url)
                    .bind("description", description)
                    .bindArray("events", String.class, events)
                    .bind("most", MOST)
                    .map(EndpointRow::map)
                    .findOne();
            created.ifPresent(row -> secrets.insert(handle, tenantId, row.endpointId(), secret));
            return created;
        });
    }

    /** Oldest first. */
    List<EndpointRow> all(String tenantId) {
        return jdbi.withHandle(handle -> handle.createQuery(ALL)
                .bind("tenant_id", tenantId)
                .map(EndpointRow::map)
                .list());
    }

    Optional<EndpointRow> find(String tenantId, UUID endpointId) {
        return jdbi.withHandle(handle -> handle.createQuery(ONE)
                .bind("tenant_id", tenantId)
                .bind("endpoint_id", endpointId)
                .map(EndpointRow::map)
                .findOne());
    }

    /**
     * What to change; an empty field stays as it is.
     *
     * @param description an empty text removes it
     * @param enabled false ends what waits for the endpoint
     */
    record Change(
            Optional<String> url,
            Optional<String> description,
            Optional<List<String>> events,
            Optional<Boolean> enabled) {}

    Optional<EndpointRow> change(String tenantId, UUID endpointId, Change change) {
        return jdbi.inTransaction(handle -> {
            if (change.enabled().equals(Optional.of(false))) {
                DeliveryStore.disable(
                        handle, tenantId, endpointId, "requested", "endpoint_disabled: the endpoint was disabled");
            }
            return handle.createQuery(CHANGE)
                    .bind("tenant_id", tenantId)
                    .bind("endpoint_id", endpointId)
                    .bind("url", change.url().orElse(null))
                    .bind("description", change.description().orElse(null))
                    .bindByType(
                            "events",
                            change.events()
                                    .map(events -> events.toArray(String[]::new))
                                    .orElse(null),
                            String[].class)
                    .bind("enable", change.enabled().orElse(false))
                    .map(EndpointRow::map)
                    .findOne();
        });
    }

    /** With its secrets and what waits for it. @return whether it was there */
    boolean delete(String tenantId, UUID endpointId) {
        return jdbi.withHandle(handle -> handle.createUpdate(DELETE)
                        .bind("tenant_id", tenantId)
                        .bind("endpoint_id", endpointId)
                        .bind("target", DeliveryStore.target(endpointId))
                        .execute())
                == 1;
    }
}
