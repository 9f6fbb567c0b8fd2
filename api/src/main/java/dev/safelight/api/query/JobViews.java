package dev.safelight.api.query;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.events.LiveProgress;
import dev.safelight.api.link.OutputLinks;
import dev.safelight.common.event.Signal;
import dev.safelight.common.job.JobError;
import dev.safelight.common.job.JobState;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.wire.Json;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/** Makes of rows what clients see. */
public final class JobViews {
    private static final double TENTHS = 10;

    private final JobQueries jobs;
    private final Fleet fleet;
    private final LiveProgress progress;
    private final String publicUrl;
    private final Clock clock;
    private final Optional<OutputLinks> links;

    /** Without signatures: whoever sees a job sees its outputs. @param publicUrl what clients reach this API under, without a slash at the end; empty makes URLs relative to it */
    public JobViews(JobQueries jobs, Fleet fleet, LiveProgress progress, String publicUrl, Clock clock) {
        this(jobs, fleet, progress, publicUrl, clock, Optional.empty());
    }

    /** @param links signs the URLs of outputs, where a key would be needed otherwise */
    public JobViews(
            JobQueries jobs,
            Fleet fleet,
            LiveProgress progress,
            String publicUrl,
            Clock clock,
            Optional<OutputLinks> links) {
        this.links = links;
        this.jobs = jobs;
        this.fleet = fleet;
        this.progress = progress;
        this.publicUrl = publicUrl;
        this.clock = clock;
    }

    public String url(UUID jobId) {
        return publicUrl + "/v1/jobs/" + jobId;
    }

    /** With its place in the queue, which costs a look at the queue. */
    public JobView whole(JobRow job) {
        return view(
                job,
                job.state() == JobState.QUEUED
                        ? QueueStanding.counted(job, jobs.ahead(job), fleet.snapshot(), clock)
                        : null);
    }

    /** Without its place in the queue: for lists and for what was submitted a moment ago. */
    public JobView brief(JobRow job) {
        return view(job, job.state() == JobState.QUEUED ? QueueStanding.uncounted(job, fleet.snapshot()) : null);
    }

    private JobView view(JobRow job, QueueStanding standing) {
        String self = url(job.key().jobId());
        boolean failed = job.state() == JobState.FAILED;
        List<JobView.Output> outputs = Stream.concat(
                        job.outputs().stream().map(output -> shown(job, output, self)),
                        job.reviews().stream()
                                .filter(JobRow.ReviewRow::withheld)
                                .map(JobViews::withheld))
                .sorted(Comparator.comparingInt(JobView.Output::index))
                .toList();
        return new JobView(
                job.key().jobId(),
                job.state(),
                job.model(),
                job.bundle(),
                job.priority(),
                // As a record again: the column has lost the order of the fields.
                Json.MAPPER.convertValue(job.input(), GenerationInput.class),
                job.metadata(),
                job.preview(),
                progress(job),
                job.attempt(),
                job.resumedFromStep(),
                job.createdAt(),
                job.deadline(),
                job.timeout(),
                job.startedAt(),
                job.finishedAt(),
                job.cancelRequestedAt(),
                standing,
                outputs,
                failed ? job.error() : null,
                failed ? null : job.error(),
                job.retryOf(),
                job.expiresIn(),
                webhook(job.webhook()),
                new JobView.Urls(self, self + "/cancel", self + "/retry"));
    }

    private JobView.Output shown(JobRow job, JobRow.OutputRow output, String self) {
        return new JobView.Output(
                output.ordinal(),
                self + "/outputs/" + output.ordinal() + signature(job, output),
                output.width(),
                output.height(),
                output.contentType(),
                output.sha256(),
                output.bytes(),
                output.seed(),
                gone(output) ? null : output.expiresAt(),
                gone(output) ? output.expiresAt() : null,
                job.reviews().stream()
                        .filter(review -> review.ordinal() == output.ordinal())
                        .findFirst()
                        .map(JobViews::safety)
                        .orElse(null),
                null);
    }

    private static JobView.Output withheld(JobRow.ReviewRow review) {
        return new JobView.Output(
                review.ordinal(),
                null,
                null,
                null,
                null,
                null,
                null,
                review.seed(),
                null,
                null,
                safety(review),
                new JobError("output_withheld", GetOutput.WITHHELD));
    }

    private static JobView.Safety safety(JobRow.ReviewRow review) {
        return new JobView.Safety(review.verdict(), review.score(), review.reason());
    }

    private String signature(JobRow job, JobRow.OutputRow output) {
        return links.isEmpty() || gone(output)
                ? ""
                : links.get().query(job.key(), output.ordinal(), output.expiresAt());
    }

    private static boolean gone(JobRow.OutputRow output) {
        return Boolean.TRUE.equals(output.expired());
    }

    private static JobView.Webhook webhook(JsonNode column) {
        return column == null ? null : Json.MAPPER.convertValue(column, JobView.Webhook.class);
    }

    /** The row knows the step of the last beat; a worker's signal may know better, if it is of the same attempt. */
    private JobView.Progress progress(JobRow job) {
        return switch (job.state()) {
            case SUCCEEDED -> new JobView.Progress(job.steps(), job.steps(), null);
            case RUNNING ->
                progress.of(job.key(), job.attempt())
                        .filter(signalled -> signalled.step() >= job.step())
                        .map(JobViews::progress)
                        .orElse(new JobView.Progress(job.step(), job.steps(), null));
            case QUEUED -> new JobView.Progress(0, job.steps(), null);
            default -> new JobView.Progress(job.step(), job.steps(), null);
        };
    }

    /** As a worker signalled it. */
    public static JobView.Progress progress(Signal.Entry signalled) {
        Double left = signalled.secondsLeft();
        return new JobView.Progress(
                Math.min(signalled.step(), signalled.steps()),
                signalled.steps(),
                left == null ? null : Math.round(left * TENTHS) / TENTHS);
    }
}
