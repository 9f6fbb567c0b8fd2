package dev.safelight.api.submit;

import dev.safelight.api.file.InputImages;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.sign.Sealing;
import dev.safelight.api.validate.JobRequest;
import dev.safelight.api.validate.JobRequestCheck;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.wire.Json;
import java.sql.SQLException;
import java.util.Optional;
import java.util.regex.Pattern;

/** {@code POST /v1/jobs}. */
public final class SubmitJob implements Handler {
    private static final Pattern TRACEPARENT = Pattern.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}");

    private final JobRequestCheck check;
    private final Submitter submitter;
    private final SubmissionReply replies;
    private final Sealing sealing;
    private final InputImages images;

    /** @param sealing how the secret of a job's webhook lies in the database */
    public SubmitJob(
            JobRequestCheck check, Submitter submitter, SubmissionReply replies, Sealing sealing, InputImages images) {
        this.check = check;
        this.submitter = submitter;
        this.replies = replies;
        this.sealing = sealing;
        this.images = images;
    }

    @Override
    public Reply handle(Request request) throws InterruptedException, SQLException {
        return switch (check.check(request.body())) {
            case JobRequestCheck.Invalid(var violations) ->
                Problem.invalid(422, violations).reply();
            case JobRequestCheck.Valid(JobRequest valid) ->
                submit(request, valid, request.text("Idempotency-Key").orElse(null));
        };
    }

    private Reply submit(Request request, JobRequest valid, String key) throws InterruptedException, SQLException {
        if (!InputImages.wanted(valid)) {
            return replies.of(request, submitter.submit(newJob(request, valid, key)));
        }
        Optional<Submitter.Outcome> decided = beforehand(request, valid, key);
        if (decided.isPresent()) {
            return replies.of(request, decided.get());
        }
        return switch (bring(request, valid)) {
            case InputImages.Ready(JobRequest ready) ->
                replies.of(request, submitter.submit(newJob(request, ready, key)));
            case InputImages.Wrong(var violations) ->
                Problem.invalid(422, violations).reply();
            case InputImages.NotNow(Problem problem) -> problem.reply();
        };
    }

    /**
     * What becomes of a request whose images need not be looked at: whoever repeats one need not have them any more, and
     * nothing is fetched for a queue that takes nothing. Empty for requests without images.
     */
    Optional<Submitter.Outcome> beforehand(Request request, JobRequest valid, String key) {
        return InputImages.wanted(valid) ? submitter.beforehand(newJob(request, valid, key)) : Optional.empty();
    }

    /** Brings in the images that a request names, if any. */
    InputImages.Outcome bring(Request request, JobRequest valid) throws InterruptedException {
        return InputImages.wanted(valid) ? images.bring(request.tenantId(), valid) : new InputImages.Ready(valid);
    }

    Submitter.NewJob newJob(Request request, JobRequest valid, String idempotencyKey) {
        return new Submitter.NewJob(
                new JobKey(request.tenantId(), JobIds.next()),
                null,
                valid.model().manifest().queue(),
                valid.model().manifest().name(),
                valid.model().bundle().version(),
                valid.priority(),
                Json.MAPPER.valueToTree(valid.input()),
                valid.model().walkedSteps(valid.input()),
                valid.metadata(),
                valid.preview(),
                idempotencyKey,
                valid.hash(),
                traceparent(request),
                valid.expiresIn(),
                valid.webhook()
                        .map(webhook -> webhook.column(request.tenantId(), sealing))
                        .orElse(null),
                valid.times());
    }

    /** A trace context that cannot be read is dropped, as its standard asks. */
    static String traceparent(Request request) {
        return request.text("traceparent")
                .filter(text -> TRACEPARENT.matcher(text).matches())
                .orElse(null);
    }
}
