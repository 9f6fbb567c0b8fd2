package dev.safelight.api.webhook;

import dev.safelight.api.sign.Sealing;
import dev.safelight.common.config.Settings;
import dev.safelight.common.outbound.OutboundSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * How webhooks are delivered.
 *
 * @param outbound where they may go
 * @param sealing how secrets lie in the database
 * @param delays wait before each attempt, beginning with the first; after the last attempt a delivery has failed
 * @param timeout from looking up the name to the end of the reply
 * @param concurrency attempts at a time to one endpoint, in each process
 * @param interval due deliveries are looked for this often even if nobody woke the dispatcher
 * @param progressInterval shortest time between two progress messages of a job
 * @param keep settled deliveries are removed after this long
 */
public record WebhookSettings(
        OutboundSettings outbound,
        Sealing sealing,
        List<Duration> delays,
        Duration timeout,
        int concurrency,
        Duration interval,
        Duration progressInterval,
        Duration keep) {
    /** What a busy database and a collection of garbage may take between them. */
    private static final Duration SHORTEST_PATIENCE = Duration.ofSeconds(2);

    public static WebhookSettings read(Settings settings) {
        Set<Integer> ports = settings.read(
                "SAFELIGHT_WEBHOOK_PORTS",
                "80,443,8080,8443",
                "ports that webhooks may go to; any allows all",
                OutboundSettings::ports);
        return new WebhookSettings(
                settings.read(
                        "SAFELIGHT_WEBHOOK_ALLOW",
                        "",
                        "receivers that are allowed although they are not on the public internet: addresses, blocks"
                                + " such as 10.1.0.0/16, host names, *.domains",
                        text -> OutboundSettings.of(ports, words(text))),
                settings.secret(
                        "SAFELIGHT_SECRET_KEY",
                        "key that encrypts webhook secrets in the database: 32 bytes in base64; several, the newest"
                                + " first, while it is changed; empty stores them as they are",
                        Sealing::of),
                settings.read(
                        "SAFELIGHT_WEBHOOK_DELAYS",
                        "0s,5s,5m,30m,2h,5h,10h,14h,20h,24h",
                        "wait before each attempt to deliver a webhook; as many attempts as there are waits",
                        WebhookSettings::durations),
                settings.duration("SAFELIGHT_WEBHOOK_TIMEOUT", "15s", "longest attempt to deliver a webhook"),
                settings.integer(
                        "SAFELIGHT_WEBHOOK_CONCURRENCY",
                        8,
                        1,
                        1_000,
                        "webhooks that an API process sends at a time to one endpoint"),
                settings.duration(
                        "SAFELIGHT_WEBHOOK_INTERVAL",
                        "500ms",
                        "how often due webhooks are looked for if nobody wakes the dispatcher"),
                settings.duration(
                        "SAFELIGHT_WEBHOOK_PROGRESS_INTERVAL",
                        "3s",
                        "shortest time between two progress webhooks of a job"),
                settings.duration(
                        "SAFELIGHT_WEBHOOK_KEEP", "720h", "settled webhook deliveries are removed once this old"));
    }

    /** How long an attempt may look unfinished before it counts as lost with its process. */
    Duration lease() {
        return patience().plus(timeout);
    }

    /** How long after its claim an attempt begins at the latest: then it is over, whatever happens, before its lease is. */
    Duration patience() {
        return timeout.compareTo(SHORTEST_PATIENCE) > 0 ? timeout : SHORTEST_PATIENCE;
    }

    private static List<String> words(String text) {
        return List.of(text.split(",")).stream()
                .map(String::strip)
                .filter(word -> !word.isEmpty())
                .toList();
    }

    private static List<Duration> durations(String text) {
        List<Duration> durations = new ArrayList<>();
        words(text).forEach(word -> durations.add(Settings.parseDuration(word)));
        if (durations.isEmpty()) {
            throw new IllegalArgumentException("must name at least one wait");
        }
        return List.copyOf(durations);
    }
}
