package dev.safelight.api.webhook;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.query.Cursor;
import dev.safelight.api.validate.Violation;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** The routes below {@code /v1/webhooks/deliveries}. */
final class DeliveryRoutes {
    private final DeliveryQueries deliveries;
    private final EndpointStore endpoints;
    private final Runnable wake;

    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Page(List<DeliveryView> deliveries, String nextCursor) {}

    /** @param wake told when there is something to send */
    DeliveryRoutes(DeliveryQueries deliveries, EndpointStore endpoints, Runnable wake) {
        this.deliveries = deliveries;
        this.endpoints = endpoints;
        this.wake = wake;
    }

    Map<String, Handler> handlers() {
        return Map.of(
                "listWebhookDeliveries", this::list,
                "getWebhookDelivery", this::get,
                "replayWebhookDelivery", this::replay);
    }

    private Reply list(Request request) {
        Optional<String> cursor = request.text("cursor");
        Optional<UUID> before = cursor.flatMap(Cursor::read);
        if (cursor.isPresent() && before.isEmpty()) {
            String detail = "this is no next_cursor of a page of this list";
            return Problem.invalid(400, List.of(new Violation("wrong_format", "query", "cursor", detail)))
                    .reply();
        }
        DeliveryQueries.Filter filter = new DeliveryQueries.Filter(
                request.text("job").map(UUID::fromString),
                request.text("endpoint").map(UUID::fromString),
                request.text("state"),
                before);
        int limit = request.integer("limit");
        // One more than asked for says whether there is another page.
        List<DeliveryView> rows = deliveries.page(request.tenantId(), filter, limit + 1);
        List<DeliveryView> page = rows.subList(0, Math.min(limit, rows.size()));
        return Reply.json(
                200,
                new Page(page, rows.size() > limit ? Cursor.after(page.getLast().id()) : null));
    }

    private Reply get(Request request) {
        return deliveries
                .find(request.tenantId(), id(request))
                .map(delivery -> Reply.json(200, delivery))
                .orElseGet(() -> unknown(request));
    }

    private Reply replay(Request request) {
        Optional<DeliveryView> known = deliveries.find(request.tenantId(), id(request));
        if (known.isEmpty()) {
            return unknown(request);
        }
        UUID endpointId = known.get().endpointId();
        if (endpointId != null
                && endpoints
                        .find(request.tenantId(), endpointId)
                        .filter(EndpointRow::enabled)
                        .isEmpty()) {
            return EndpointRoutes.disabled();
        }
        Optional<DeliveryView> replayed = deliveries.replay(request.tenantId(), id(request));
        wake.run();
        return replayed.map(delivery -> Reply.json(202, delivery)).orElseGet(() -> unknown(request));
    }

    private static UUID id(Request request) {
        return UUID.fromString(request.text("delivery_id").orElseThrow());
    }

    private static Reply unknown(Request request) {
        return Problem.notFound("no webhook delivery has the id " + id(request)).reply();
    }
}
