package dev.safelight.api.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.Preview;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;

/** Turns the body of {@code POST /v1/jobs} into a request that a worker can run, or says all that is wrong with it. */
public final class JobRequestCheck {
    /** The job, its metadata included, must fit a webhook's body. */
    private static final int MOST_METADATA_BYTES = 4096;

    private static final int EVERY_STEP = 1;

    private static final ObjectNode NO_INPUT = JsonNodeFactory.instance.objectNode();

    private final ModelCatalog models;
    private final WebhookCheck webhooks;

    public JobRequestCheck(ModelCatalog models, WebhookCheck webhooks) {
        this.models = models;
        this.webhooks = webhooks;
    }

    public sealed interface Outcome {}

    public record Valid(JobRequest request) implements Outcome {}

    public record Invalid(List<Violation> violations) implements Outcome {}

    /** @param body already valid by the OpenAPI document's schema */
    public Outcome check(JsonNode body) {
        JsonNode metadata = body.get("metadata");
        if (metadata != null && metadata.toString().getBytes(StandardCharsets.UTF_8).length > MOST_METADATA_BYTES) {
            return invalid("too_long", "#/metadata", "must have at most " + MOST_METADATA_BYTES + " bytes as JSON");
        }
        String name = body.get("model").textValue();
        Optional<Model> model = models.find(name);
        if (model.isEmpty()) {
            return invalid(
                    "unknown_model",
                    "#/model",
                    "no model is called \"" + Findings.cut(name) + "\"; the models are: " + models.names());
        }
        JsonNode input = body.has("input") ? body.get("input") : NO_INPUT;
        List<Violation> violations = model.get().violations(input);
        if (!violations.isEmpty()) {
            return new Invalid(violations);
        }
        Optional<WebhookRequest> webhook = Optional.empty();
        if (body.has("webhook")) {
            switch (webhooks.check(body.get("webhook"), "#/webhook")) {
                case WebhookCheck.Valid(WebhookRequest valid) -> webhook = Optional.of(valid);
                case WebhookCheck.Invalid(var wrong) -> {
                    return new Invalid(wrong);
                }
            }
        }
        Instant startBy = null;
        JsonNode deadline = body.path("deadline");
        if (deadline.isTextual()) {
            Optional<Instant> time = time(deadline.textValue());
            if (time.isEmpty()) {
                return invalid(
                        "wrong_format",
                        "#/deadline",
                        Findings.quote(deadline)
                                + " is no RFC 3339 time such as 2026-11-25T12:00:00Z; seconds from now on"
                                + " are written as a number");
            }
            startBy = time.get();
        }
        return new Valid(new JobRequest(
                model.get(),
                model.get().resolve(input),
                Priority.of(body.path("priority").asText(Priority.NORMAL.word())),
                metadata,
                preview(body),
                body.has("expires_in") ? body.get("expires_in").intValue() : null,
                CanonicalJson.hash(body),
                webhook,
                new TimeLimits(
                        startBy,
                        deadline.isNumber() ? deadline.intValue() : null,
                        body.has("timeout") ? body.get("timeout").intValue() : null)));
    }

    private static Optional<Instant> time(String text) {
        try {
            OffsetDateTime time = OffsetDateTime.parse(text);
            // Neither Postgres nor anybody else needs the others.
            return time.getYear() >= 1970 && time.getYear() < 10_000 ? Optional.of(time.toInstant()) : Optional.empty();
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }

    private static Preview preview(JsonNode body) {
        return body.has("preview")
                ? new Preview(body.get("preview").path("every").asInt(EVERY_STEP))
                : null;
    }

    private static Outcome invalid(String code, String pointer, String detail) {
        return new Invalid(List.of(Violation.body(code, pointer, detail)));
    }
}
