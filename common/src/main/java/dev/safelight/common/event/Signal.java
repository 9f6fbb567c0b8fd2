package dev.safelight.common.event;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import java.util.List;
import java.util.UUID;

/**
 * What a worker tells every API process over Kafka, coalesced into a few records a second. Ephemeral: losing one delays
 * a waiting client until its next look at Postgres and nothing else.
 */
public record Signal(List<Entry> entries) {
    /**
     * Where one job stands.
     *
     * @param step steps done by the slowest image, of {@code steps}
     * @param secondsLeft until the last step at the pace of the latest ones; null where unknown
     */
    public record Entry(
            String tenantId, UUID jobId, int attempt, JobState state, int step, int steps, Double secondsLeft) {
        public Entry(String tenantId, UUID jobId, int attempt, JobState state, int step, int steps) {
            this(tenantId, jobId, attempt, state, step, steps, null);
        }

        public JobKey key() {
            return new JobKey(tenantId, jobId);
        }
    }
}
