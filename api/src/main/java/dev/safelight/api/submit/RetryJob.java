package dev.safelight.api.submit;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.safelight.api.file.InputImages;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.query.GetJob;
import dev.safelight.api.query.JobQueries;
import dev.safelight.api.query.JobRow;
import dev.safelight.api.validate.CanonicalJson;
import dev.safelight.api.validate.Model;
import dev.safelight.api.validate.ModelCatalog;
import dev.safelight.api.validate.TimeLimits;
import dev.safelight.api.validate.Violation;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.wire.Json;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/**
 * {@code POST /v1/jobs/{job_id}/retry}: a new job with the resolved input, and so the seed, of one that did not succeed.
 * The old job stays as it is: a terminal state is terminal.
 */
public final class RetryJob implements Handler {
    private final JobQueries jobs;
    private final ModelCatalog models;
    private final Submitter submitter;
    private final SubmissionReply replies;
    private final InputImages images;

    /** @param images of the old job, which the new one is made from too */
    public RetryJob(
            JobQueries jobs, ModelCatalog models, Submitter submitter, SubmissionReply replies, InputImages images) {
        this.images = images;
        this.jobs = jobs;
        this.models = models;
        this.submitter = submitter;
        this.replies = replies;
    }

    @Override
    public Reply handle(Request request) throws InterruptedException, SQLException {
        Optional<JobRow> found = jobs.find(request.jobKey());
        if (found.isEmpty()) {
            return GetJob.unknown(request);
        }
        JobRow old = found.get();
        switch (old.state()) {
            case QUEUED, RUNNING -> {
                return conflict("not_terminal", "the job is " + old.state().word() + "; it has not ended yet");
            }
            case SUCCEEDED -> {
                return conflict("succeeded", "the job succeeded; to generate it again, submit its input");
            }
            case FAILED, CANCELED, EXPIRED -> {}
        }
        Optional<Model> model = models.find(old.model());
        if (model.isEmpty()) {
            return conflict("unknown_model", "the model " + old.model() + " is no longer here");
        }
        // The bundle may have been replaced since by one that takes other input.
        List<Violation> violations = model.get().violations(old.input());
        if (!violations.isEmpty()) {
            return Problem.invalid(409, violations).reply();
        }
        List<String> missing =
                images.missing(request.tenantId(), Json.MAPPER.convertValue(old.input(), GenerationInput.class));
        if (!missing.isEmpty()) {
            return conflict("image_gone", "the job's " + String.join(" and ", missing) + " is no longer kept");
        }
        return replies.of(request, submitter.submit(newJob(request, old, model.get())));
    }

    private static Submitter.NewJob newJob(Request request, JobRow old, Model model) {
        return new Submitter.NewJob(
                new JobKey(request.tenantId(), JobIds.next()),
                old.key().jobId(),
                model.manifest().queue(),
                old.model(),
                model.bundle().version(),
                old.priority(),
                old.input(),
                old.steps(),
                old.metadata(),
                old.preview(),
                request.text("Idempotency-Key").orElse(null),
                CanonicalJson.hash(JsonNodeFactory.instance
                        .objectNode()
                        .put("retry_of", old.key().jobId().toString())),
                SubmitJob.traceparent(request),
                old.expiresIn(),
                old.webhook(),
                // A latest start was a time, and that has passed or belonged to the old job.
                new TimeLimits(null, null, old.timeout()));
    }

    private static Reply conflict(String code, String detail) {
        return new Problem(409, code, detail).reply();
    }
}
