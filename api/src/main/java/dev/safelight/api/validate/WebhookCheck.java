package dev.safelight.api.validate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.outbound.OutboundRules;
import dev.safelight.common.sign.SigningSecret;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;

/** Checks what the OpenAPI document cannot say about a webhook: whether its URL may be used and its secret is one. */
public final class WebhookCheck {
    /** What is told unless somebody asks for more or less. */
    private static final List<String> DEFAULT_EVENTS = List.of("completed");

    private final OutboundRules rules;

    public WebhookCheck(OutboundRules rules) {
        this.rules = rules;
    }

    public sealed interface Outcome {}

    public record Valid(WebhookRequest webhook) implements Outcome {}

    public record Invalid(List<Violation> violations) implements Outcome {}

    /** @param webhook {@code {url, events?, secret?}}; @param place its JSON pointer */
    public Outcome check(JsonNode webhook, String place) {
        List<Violation> violations = new ArrayList<>();
        String url = webhook.get("url").textValue();
        Optional<String> door = door(url, place + "/url", violations);
        Optional<SigningSecret> secret = secret(webhook, place, violations);
        Optional<List<String>> events = events(webhook, place, violations);
        return violations.isEmpty()
                ? new Valid(new WebhookRequest(url, door.orElseThrow(), events.orElse(DEFAULT_EVENTS), secret))
                : new Invalid(violations);
    }

    /** @param violations gets what is wrong with the URL; @return its host and port if nothing is */
    public Optional<String> door(String url, String place, List<Violation> violations) {
        return switch (rules.examine(url)) {
            case OutboundRules.Plausible plausible -> Optional.of(plausible.door());
            case OutboundRules.Refused(String code, String reason) -> {
                violations.add(Violation.body(code, place, reason));
                yield Optional.empty();
            }
        };
    }

    /** @param parent has a {@code secret}, or none; @param violations gets what is wrong with it */
    public static Optional<SigningSecret> secret(JsonNode parent, String place, List<Violation> violations) {
        if (!parent.has("secret")) {
            return Optional.empty();
        }
        Optional<SigningSecret> secret =
                SigningSecret.parse(parent.get("secret").textValue());
        if (secret.isEmpty()) {
            violations.add(Violation.body(
                    "wrong_format",
                    place + "/secret",
                    "must be whsec_ followed by 24 to 64 random bytes in standard base64, padded"));
        }
        return secret;
    }

    /** The events asked for, each once; empty where the field is missing. */
    public static Optional<List<String>> events(JsonNode parent, String place, List<Violation> violations) {
        if (!parent.has("events")) {
            return Optional.empty();
        }
        SequencedSet<String> events = new LinkedHashSet<>();
        parent.get("events").forEach(event -> events.add(event.textValue()));
        if (events.isEmpty()) {
            violations.add(Violation.body("too_few", place + "/events", "must name at least one event"));
        }
        return Optional.of(List.copyOf(events));
    }
}
