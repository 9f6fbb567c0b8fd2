package dev.safelight.api.admin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.tenant.Tenant;
import dev.safelight.api.tenant.TenantStore;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code /v1/tenants}: who there is and what they may take. */
final class TenantHandlers {
    private final TenantStore tenants;
    private final Runnable changed;

    private record Tenants(List<Tenant> tenants) {}

    /** @param changed told when a limit may be another */
    TenantHandlers(TenantStore tenants, Runnable changed) {
        this.tenants = tenants;
        this.changed = changed;
    }

    Map<String, Handler> all() {
        return Map.of(
                "listTenants",
                request -> Reply.json(200, new Tenants(tenants.list())),
                "createTenant",
                this::create,
                "getTenant",
                request -> found(request, tenants.find(id(request))),
                "changeTenant",
                this::change);
    }

    private Reply change(Request request) {
        Optional<Tenant> tenant = tenants.change(id(request), request.body());
        changed.run();
        return found(request, tenant);
    }

    private Reply create(Request request) {
        String id = request.body().get("id").textValue();
        ObjectNode limits = request.body().deepCopy();
        limits.remove("id");
        Optional<Tenant> made = tenants.create(id, limits);
        return made.isEmpty()
                ? new Problem(409, "tenant_exists", "there is a tenant " + id + " already; change it with PATCH")
                        .reply()
                : Reply.json(201, made.get()).with("Location", "/v1/tenants/" + id);
    }

    private static Reply found(Request request, Optional<Tenant> tenant) {
        return tenant.isEmpty()
                ? Problem.notFound("no tenant is called " + id(request)).reply()
                : Reply.json(200, tenant.get());
    }

    private static String id(Request request) {
        return request.text("tenant_id").orElseThrow();
    }
}
