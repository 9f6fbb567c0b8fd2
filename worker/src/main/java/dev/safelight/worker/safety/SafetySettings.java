package dev.safelight.worker.safety;

import dev.safelight.common.config.Settings;
import dev.safelight.common.outbound.OutboundRules;
import dev.safelight.common.outbound.OutboundSettings;
import dev.safelight.common.outbound.Resolver;
import dev.safelight.common.sign.SigningSecret;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Whom a worker asks about each picture.
 *
 * @param url empty asks nobody
 * @param secret what questions are signed with, where there is one
 * @param timeout of one question, from looking up the name to the end of the answer
 * @param outbound where questions may go
 * @param unreachable what becomes of pictures that nobody could be asked about; empty for giving the job back
 */
public record SafetySettings(
        Optional<OutboundRules.Plausible> url,
        Optional<SigningSecret> secret,
        Duration timeout,
        OutboundRules outbound,
        Optional<Verdict> unreachable) {
    private static final String RETURN = "return";

    public static SafetySettings read(Settings settings) {
        OutboundSettings allowed = settings.read(
                "SAFELIGHT_SAFETY_ALLOW",
                "",
                "as SAFELIGHT_WEBHOOK_ALLOW, for SAFELIGHT_SAFETY_URL",
                text -> OutboundSettings.of(Set.of(), words(text)));
        OutboundRules rules = new OutboundRules(allowed, Resolver.SYSTEM);
        return new SafetySettings(
                settings.read(
                        "SAFELIGHT_SAFETY_URL",
                        "",
                        "who is asked about each picture before anybody sees it; empty asks nobody",
                        text -> url(text, rules)),
                settings.secret(
                        "SAFELIGHT_SAFETY_SECRET",
                        "what such questions are signed with, as webhooks are: whsec_ and 24 to 64 bytes in base64; empty"
                                + " signs nothing",
                        SafetySettings::secret),
                settings.duration(
                        "SAFELIGHT_SAFETY_TIMEOUT", "10s", "longest wait for an answer, of which three are tried"),
                rules,
                settings.read(
                        "SAFELIGHT_SAFETY_UNREACHABLE",
                        RETURN,
                        "what becomes of pictures without an answer: return gives the job back, which counts against it;"
                                + " flag, blur or withhold",
                        SafetySettings::unreachable));
    }

    private static Optional<OutboundRules.Plausible> url(String text, OutboundRules rules) {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        return switch (rules.examine(text)) {
            case OutboundRules.Plausible plausible -> Optional.of(plausible);
            case OutboundRules.Refused(String ignored, String reason) ->
                throw new IllegalArgumentException(
                        reason + (reason.startsWith("names ") ? ", which SAFELIGHT_SAFETY_ALLOW must list" : ""));
        };
    }

    private static Optional<SigningSecret> secret(String text) {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(SigningSecret.parse(text)
                .orElseThrow(
                        () -> new IllegalArgumentException("must be whsec_ and 24 to 64 bytes in standard base64")));
    }

    private static Optional<Verdict> unreachable(String text) {
        if (text.equals(RETURN)) {
            return Optional.empty();
        }
        return Optional.of(Verdict.of(text)
                .filter(verdict -> verdict != Verdict.PASS)
                .orElseThrow(() -> new IllegalArgumentException("must be return, flag, blur or withhold")));
    }

    private static List<String> words(String text) {
        return List.of(text.split(",")).stream()
                .map(String::strip)
                .filter(word -> !word.isEmpty())
                .toList();
    }
}
