package dev.safelight.api.submit;

import dev.safelight.api.http.Prefer;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.query.JobReader;
import dev.safelight.api.query.JobRow;
import dev.safelight.api.query.JobViews;
import java.time.Duration;
import java.util.Optional;

/** What a client that submitted or retried is told. */
public final class SubmissionReply {
    private final JobReader jobs;
    private final JobViews views;

    public SubmissionReply(JobReader jobs, JobViews views) {
        this.jobs = jobs;
        this.views = views;
    }

    Reply of(Request request, Submitter.Outcome outcome) throws InterruptedException {
        return switch (outcome) {
            case Submitter.Created(JobRow job) -> accepted(request, job);
            case Submitter.Replayed(JobRow job) -> accepted(request, job).with("Idempotent-Replayed", "true");
            case Submitter.KeyReused() ->
                new Problem(
                                422,
                                "idempotency_key_reused",
                                "this Idempotency-Key came with another request before; take a new key")
                        .reply();
            case Submitter.Unavailable() ->
                Problem.unavailable("the job could not be stored; try again soon, with the same Idempotency-Key")
                        .reply();
        };
    }

    /** 202 while there is more to come, 200 once the job has ended. */
    private Reply accepted(Request request, JobRow submitted) throws InterruptedException {
        Optional<Duration> wait = Prefer.waiting(request);
        JobRow job = submitted;
        if (wait.isPresent() && !submitted.state().terminal()) {
            job = jobs.read(submitted.key(), wait).orElse(submitted);
        }
        boolean ended = job.state().terminal();
        Reply reply = Reply.json(ended ? 200 : 202, views.brief(job))
                .with("Location", views.url(job.key().jobId()));
        return Prefer.applied(ended ? reply : reply.with("Retry-After", "1"), wait);
    }
}
