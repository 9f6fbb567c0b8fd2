package dev.safelight.api.submit;

import dev.safelight.api.http.Prefer;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.RateHeaders;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.query.JobReader;
import dev.safelight.api.query.JobRow;
import dev.safelight.api.query.JobView;
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
            default -> refusal(outcome);
        };
    }

    /** As in lists, for a job that was submitted among others. */
    JobView view(JobRow job) {
        return views.brief(job);
    }

    static Reply refusal(Submitter.Outcome outcome) {
        return refusal(outcome, "");
    }

    /** @param because goes before the detail */
    static Reply refusal(Submitter.Outcome outcome, String because) {
        Problem problem = problem(outcome, because);
        return switch (outcome) {
            case Submitter.QueueFull(int most) -> RateHeaders.queueFull(most, problem);
            case Submitter.BacklogFull() -> problem.reply().with("Retry-After", "30");
            case Submitter.Draining _ -> problem.reply().with("Retry-After", "60");
            default -> problem.reply();
        };
    }

    static Problem problem(Submitter.Outcome outcome, String because) {
        return switch (outcome) {
            case Submitter.KeyReused() ->
                new Problem(
                        422,
                        "idempotency_key_reused",
                        because + "this Idempotency-Key came with another request before; take a new key");
            case Submitter.QueueFull(int most) ->
                new Problem(
                        429,
                        "queue_full",
                        because + "your tenant has " + most
                                + " jobs waiting, as many as it may; come back when some have" + " started");
            case Submitter.BacklogFull() ->
                new Problem(503, "backlog_full", because + "too many jobs wait already; come back later");
            case Submitter.Draining(String queue) ->
                new Problem(503, "queue_draining", because + "the queue " + queue + " takes no more jobs for now");
            case Submitter.Unavailable() ->
                Problem.unavailable(
                        because + "the job could not be stored; try again soon, with the same Idempotency-Key");
            case Submitter.NotTried() ->
                new Problem(409, "not_tried", because + "another job of the batch was refused");
            case Submitter.Created _, Submitter.Replayed _ -> throw new IllegalArgumentException("it was accepted");
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
