package dev.safelight.api.query;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.safelight.common.job.JobError;
import dev.safelight.common.job.JobState;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.Preview;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * A job as clients see it.
 *
 * @param input the resolved input, as a JSON tree or as the record that becomes one
 * @param resumedFromStep where the last attempt went on; null when it began with noise
 * @param queue while queued, else null
 * @param error of a failed job, else null
 * @param expiresIn seconds for which outputs are kept, where the request said so, else null
 * @param lastError of the last attempt of a job that goes on, else null
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonPropertyOrder({"id", "state", "model", "bundle", "priority", "input", "metadata", "preview", "progress"})
public record JobView(
        UUID id,
        JobState state,
        String model,
        String bundle,
        Priority priority,
        Object input,
        Object metadata,
        Preview preview,
        Progress progress,
        int attempt,
        Integer resumedFromStep,
        Instant createdAt,
        Instant deadline,
        Integer timeout,
        Instant startedAt,
        Instant finishedAt,
        Instant cancelRequestedAt,
        QueueStanding queue,
        List<Output> outputs,
        JobError error,
        JobError lastError,
        UUID retryOf,
        Integer expiresIn,
        Webhook webhook,
        Urls urls) {

    /**
     * Sampler steps done by the slowest image, of how many.
     *
     * @param eta seconds until the last of them at the pace of the latest ones; null where unknown
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Progress(int step, int of, Double eta) {}

    /**
     * An image. One that the safety check withheld has an index, a seed, a review and an error, and nothing else.
     *
     * @param expiresAt until when it can be had; null where it is kept, or gone
     * @param expiredAt since when it is gone, or null
     * @param safety what the safety check said, where the image did not simply pass; else null
     * @param error why there is no file; null where there is one
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Output(
            int index,
            String url,
            Integer width,
            Integer height,
            String contentType,
            String sha256,
            Long bytes,
            long seed,
            Instant expiresAt,
            Instant expiredAt,
            Safety safety,
            JobError error) {}

    /**
     * @param verdict {@code flagged}, {@code blurred} or {@code withheld}
     * @param score of whoever said it, or null
     * @param reason in words, or null
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Safety(String verdict, Double score, String reason) {}

    /** Where the job's own messages go; its secret is not shown. */
    public record Webhook(String url, List<String> events) {}

    public record Urls(String self, String cancel, String retry) {}
}
