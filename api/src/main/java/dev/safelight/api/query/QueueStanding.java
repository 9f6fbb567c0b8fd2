package dev.safelight.api.query;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/**
 * Where a queued job stands.
 *
 * @param position 1 is next; null where nobody counted
 * @param atLeast true where the position is this or more, else null
 * @param estimatedStart from the speed of what runs now; null where unknown
 * @param reason why nothing will start it as things are, or null
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
record QueueStanding(String name, Integer position, Boolean atLeast, Instant estimatedStart, String reason) {

    /** What is known without counting. */
    static QueueStanding uncounted(JobRow job, Optional<Fleet.Snapshot> fleet) {
        return new QueueStanding(
                job.queue(),
                null,
                null,
                null,
                fleet.map(known -> reason(job, known)).orElse(null));
    }

    static QueueStanding counted(JobRow job, int ahead, Optional<Fleet.Snapshot> fleet, Clock clock) {
        String reason = fleet.map(known -> reason(job, known)).orElse(null);
        boolean beyond = ahead >= JobQueries.MOST_AHEAD;
        return new QueueStanding(
                job.queue(),
                beyond ? JobQueries.MOST_AHEAD : ahead + 1,
                beyond ? true : null,
                reason != null || beyond
                        ? null
                        : fleet.map(known -> estimatedStart(job, ahead, known, clock.instant()))
                                .orElse(null),
                reason);
    }

    private static String reason(JobRow job, Fleet.Snapshot fleet) {
        if (fleet.pausedQueues().contains(job.queue())) {
            return "queue " + job.queue() + " is paused: its jobs wait until it is resumed";
        }
        List<WorkerView> workers = fleet.workers();
        if (workers.stream().anyMatch(worker -> worker.takes(job.queue(), job.model()))) {
            return null;
        }
        String what = "no worker serves model " + job.model() + " in queue " + job.queue();
        if (workers.stream().noneMatch(WorkerView::live)) {
            return what + ": no worker is running; start one";
        }
        boolean leaving = workers.stream()
                .anyMatch(worker -> worker.live()
                        && worker.draining()
                        && worker.queues().contains(job.queue())
                        && worker.models().contains(job.model()));
        return leaving
                ? what + ": those that did are shutting down; start another"
                : what + ": the running workers serve other queues or models; start one that does";
    }

    private static Instant estimatedStart(JobRow job, int ahead, Fleet.Snapshot fleet, Instant now) {
        Instant earliest = job.availableAt().isAfter(now) ? job.availableAt() : now;
        long free = fleet.workers().stream()
                .filter(worker -> worker.takes(job.queue(), job.model()))
                .mapToLong(worker -> Math.max(0, worker.slots() - worker.running()))
                .sum();
        // Whole seconds: the estimate is no better.
        if (ahead < free) {
            return earliest.truncatedTo(ChronoUnit.SECONDS);
        }
        Double speed = fleet.jobsASecond().get(job.queue());
        if (speed == null) {
            return null;
        }
        Instant turn = now.plus(Duration.ofMillis((long) ((ahead - free + 1) * 1000 / speed)));
        return (turn.isAfter(earliest) ? turn : earliest).truncatedTo(ChronoUnit.SECONDS);
    }
}
