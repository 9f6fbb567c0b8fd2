package dev.safelight.standalone.command;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * What a person wants to know of a job at one moment.
 *
 * @param state of the job
 * @param step sampler steps that are done, of {@code of}
 * @param secondsLeft as the worker that runs it sees it; null where unknown
 * @param note why a queued job waits, or nothing
 */
record JobProgress(String state, int step, int of, Double secondsLeft, String note) {
    private static final int WIDTH = 30;

    static JobProgress of(JsonNode job) {
        JsonNode queue = job.path("queue");
        String note = queue.hasNonNull("reason")
                ? queue.get("reason").asText()
                : queue.hasNonNull("position")
                        ? "position " + queue.get("position").asInt()
                        : "";
        return new JobProgress(
                job.path("state").asText(),
                job.path("progress").path("step").asInt(),
                job.path("progress").path("of").asInt(),
                job.path("progress").hasNonNull("eta")
                        ? job.path("progress").get("eta").doubleValue()
                        : null,
                note);
    }

    /** How long it will still take: as the worker says, or at the pace so far; nothing before the first step. */
    Optional<Duration> left(Duration running) {
        if (secondsLeft != null) {
            return Optional.of(Duration.ofMillis(Math.round(1000 * secondsLeft)));
        }
        return step == 0
                ? Optional.empty()
                : Optional.of(running.multipliedBy(of - step).dividedBy(step));
    }

    /** One line with a bar. @param running since the first step began */
    String bar(Duration running) {
        int filled = of == 0 ? 0 : WIDTH * step / of;
        String eta = left(running)
                .filter(left -> state.equals("running"))
                .map(left -> String.format(Locale.ROOT, "  %.1f s left", left.toMillis() / 1e3))
                .orElse("");
        return String.format(
                Locale.ROOT,
                "%-9s [%s%s] step %d/%d%s%s",
                state,
                "#".repeat(filled),
                "-".repeat(WIDTH - filled),
                step,
                of,
                eta,
                note.isEmpty() ? "" : "  " + note);
    }
}
