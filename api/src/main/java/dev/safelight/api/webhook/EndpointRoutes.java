package dev.safelight.api.webhook;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.validate.Violation;
import dev.safelight.api.validate.WebhookCheck;
import dev.safelight.api.validate.WebhookRequest;
import dev.safelight.common.sign.SigningSecret;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** The routes below {@code /v1/webhooks/endpoints}, and those of the tenant's own secret. */
final class EndpointRoutes {
    /** Time enough to roll a new secret out. */
    private static final int DEFAULT_OVERLAP_SECONDS = 86_400;

    private final EndpointStore endpoints;
    private final DeliveryQueries deliveries;
    private final Secrets secrets;
    private final WebhookCheck check;
    private final Runnable wake;

    private record Endpoints(List<EndpointView> endpoints) {}

    /** @param previousEndsAt until when the secret before signs too; null where there was none */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Secret(String secret, Instant previousEndsAt) {}

    /** @param wake told when there is something to send */
    EndpointRoutes(
            EndpointStore endpoints, DeliveryQueries deliveries, Secrets secrets, WebhookCheck check, Runnable wake) {
        this.endpoints = endpoints;
        this.deliveries = deliveries;
        this.secrets = secrets;
        this.check = check;
        this.wake = wake;
    }

    Map<String, Handler> handlers() {
        return Map.of(
                "createWebhookEndpoint",
                this::create,
                "listWebhookEndpoints",
                this::list,
                "getWebhookEndpoint",
                this::get,
                "changeWebhookEndpoint",
                this::change,
                "deleteWebhookEndpoint",
                this::delete,
                "testWebhookEndpoint",
                this::test,
                "getWebhookEndpointSecret",
                this::secret,
                "rotateWebhookEndpointSecret",
                this::rotate,
                "getWebhookSecret",
                this::tenantSecret,
                "rotateWebhookSecret",
                this::rotateTenantSecret);
    }

    private Reply create(Request request) {
        return switch (check.check(request.body(), "#")) {
            case WebhookCheck.Invalid(var violations) ->
                Problem.invalid(422, violations).reply();
            case WebhookCheck.Valid(WebhookRequest valid) -> {
                SigningSecret secret = valid.secret().orElseGet(SigningSecret::generate);
                String description = request.body().path("description").textValue();
                yield endpoints
                        .create(request.tenantId(), valid.url(), description, valid.events(), secret)
                        .map(row -> Reply.json(201, EndpointView.of(row, secret))
                                .with("Location", "/v1/webhooks/endpoints/" + row.endpointId()))
                        .orElseGet(() -> new Problem(
                                        409,
                                        "too_many_endpoints",
                                        "there are " + EndpointStore.MOST + " endpoints already; delete one first")
                                .reply());
            }
        };
    }

    private Reply list(Request request) {
        return Reply.json(
                200,
                new Endpoints(endpoints.all(request.tenantId()).stream()
                        .map(EndpointView::of)
                        .toList()));
    }

    private Reply get(Request request) {
        return endpoints
                .find(request.tenantId(), id(request))
                .map(row -> Reply.json(200, EndpointView.of(row)))
                .orElseGet(() -> unknown(request));
    }

    private Reply change(Request request) {
        JsonNode body = request.body();
        List<Violation> violations = new ArrayList<>();
        Optional<String> url = Optional.ofNullable(body.path("url").textValue());
        url.ifPresent(text -> check.door(text, "#/url", violations));
        Optional<List<String>> events = WebhookCheck.events(body, "#", violations);
        if (!violations.isEmpty()) {
            return Problem.invalid(422, violations).reply();
        }
        EndpointStore.Change change = new EndpointStore.Change(
                url,
                Optional.ofNullable(body.path("description").textValue()),
                events,
                body.has("enabled") ? Optional.of(body.get("enabled").booleanValue()) : Optional.empty());
        return endpoints
                .change(request.tenantId(), id(request), change)
                .map(row -> Reply.json(200, EndpointView.of(row)))
                .orElseGet(() -> unknown(request));
    }

    private Reply delete(Request request) {
        return endpoints.delete(request.tenantId(), id(request)) ? Reply.empty(204) : unknown(request);
    }

    private Reply test(Request request) {
        Optional<DeliveryView> written = deliveries.test(request.tenantId(), id(request));
        if (written.isPresent()) {
            wake.run();
            return Reply.json(202, written.get())
                    .with("Location", "/v1/webhooks/deliveries/" + written.get().id());
        }
        return endpoints.find(request.tenantId(), id(request)).isPresent() ? disabled() : unknown(request);
    }

    private Reply secret(Request request) {
        return endpoints.find(request.tenantId(), id(request)).isEmpty()
                ? unknown(request)
                : reveal(request, secrets.sealed(request.tenantId(), id(request)));
    }

    private Reply rotate(Request request) {
        return endpoints.find(request.tenantId(), id(request)).isEmpty()
                ? unknown(request)
                : rotate(request, id(request));
    }

    private Reply tenantSecret(Request request) {
        return reveal(request, secrets.ofTenant(request.tenantId()));
    }

    private Reply rotateTenantSecret(Request request) {
        return rotate(request, null);
    }

    private Reply reveal(Request request, List<String> sealed) {
        return secrets.open(request.tenantId(), sealed.subList(0, 1))
                .map(opened -> uncached(new Secret(opened.getFirst().reveal(), null)))
                .orElseGet(() -> Problem.unavailable("the secret needs a key that this server lacks; rotate it, or tell"
                                + " who runs the server")
                        .reply());
    }

    private Reply rotate(Request request, UUID endpointId) {
        List<Violation> violations = new ArrayList<>();
        Optional<SigningSecret> given = WebhookCheck.secret(request.body(), "#", violations);
        if (!violations.isEmpty()) {
            return Problem.invalid(422, violations).reply();
        }
        Duration overlap = Duration.ofSeconds(request.body().path("overlap").asInt(DEFAULT_OVERLAP_SECONDS));
        Secrets.Rotated rotated =
                secrets.rotate(request.tenantId(), endpointId, given.orElseGet(SigningSecret::generate), overlap);
        return uncached(new Secret(rotated.secret().reveal(), rotated.previousEndsAt()));
    }

    private static Reply uncached(Secret secret) {
        return Reply.json(200, secret).with("Cache-Control", "no-store");
    }

    static Reply disabled() {
        return new Problem(409, "endpoint_disabled", "the endpoint is disabled; enable it first").reply();
    }

    private static UUID id(Request request) {
        return UUID.fromString(request.text("endpoint_id").orElseThrow());
    }

    private static Reply unknown(Request request) {
        return Problem.notFound("no webhook endpoint has the id " + id(request)).reply();
    }
}
