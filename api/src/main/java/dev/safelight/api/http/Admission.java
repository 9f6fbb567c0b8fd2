package dev.safelight.api.http;

import dev.safelight.api.auth.Authenticator;
import dev.safelight.api.auth.Principal;
import dev.safelight.api.auth.RateLimiter;
import dev.safelight.api.auth.Scope;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Whether a request may go on, or what it is told instead (RFC 6750 §3). */
sealed interface Admission {
    /** @param headers of the reply, whatever it will be */
    record Admitted(Principal principal, Map<String, String> headers) implements Admission {}

    record Refused(Reply reply) implements Admission {}

    static Admission of(Authenticator.Outcome outcome, Set<Scope> needed, RateLimiter limiter) {
        return switch (outcome) {
            case Authenticator.Known(Principal principal) -> of(principal, needed, limiter);
            case Authenticator.Missing(String detail) ->
                new Refused(unauthorized("missing_key", detail, "Bearer realm=\"safelight\""));
            case Authenticator.Refused(String detail) ->
                new Refused(unauthorized(
                        "invalid_key",
                        detail,
                        "Bearer realm=\"safelight\", error=\"invalid_token\", error_description=\"" + detail + "\""));
            case Authenticator.Unavailable() ->
                new Refused(Problem.unavailable("keys cannot be looked up now; try again soon")
                        .reply());
        };
    }

    private static Admission of(Principal principal, Set<Scope> needed, RateLimiter limiter) {
        Map<String, String> headers = Map.of();
        if (principal.rate().isPresent()) {
            RateLimiter.Standing standing =
                    limiter.take(principal.tenantId(), principal.rate().get());
            headers = RateHeaders.of(standing);
            if (!standing.taken()) {
                return new Refused(RateHeaders.exceeded(standing).with(headers));
            }
        }
        return principal.scopes().containsAll(needed)
                ? new Admitted(principal, headers)
                : new Refused(missingScope(principal, needed).with(headers));
    }

    private static Reply unauthorized(String code, String detail, String challenge) {
        return new Problem(401, code, detail).reply().with("WWW-Authenticate", challenge);
    }

    private static Reply missingScope(Principal principal, Set<Scope> needed) {
        String missing = words(needed.stream()
                .filter(scope -> !principal.scopes().contains(scope))
                .collect(Collectors.toSet()));
        return new Problem(403, "missing_scope", "this needs a key with the scope " + missing)
                .reply()
                .with(
                        "WWW-Authenticate",
                        "Bearer realm=\"safelight\", error=\"insufficient_scope\", scope=\"" + words(needed) + "\"");
    }

    private static String words(Set<Scope> scopes) {
        return scopes.stream().map(Scope::word).sorted().collect(Collectors.joining(" "));
    }
}
