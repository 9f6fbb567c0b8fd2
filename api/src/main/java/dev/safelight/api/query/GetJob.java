package dev.safelight.api.query;

import dev.safelight.api.http.EntityTag;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Prefer;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import java.time.Duration;
import java.util.Optional;

/** {@code GET /v1/jobs/{job_id}}. */
public final class GetJob implements Handler {
    private final JobReader jobs;
    private final JobViews views;

    public GetJob(JobReader jobs, JobViews views) {
        this.jobs = jobs;
        this.views = views;
    }

    @Override
    public Reply handle(Request request) throws InterruptedException {
        Optional<Duration> wait = Prefer.waiting(request);
        Optional<JobRow> job = jobs.read(request.jobKey(), wait);
        if (job.isEmpty()) {
            return unknown(request);
        }
        JobView view = views.whole(job.get());
        JobView essence = view.withoutGuesses();
        Reply reply = Reply.json(200, view);
        return Prefer.applied(
                essence.equals(view)
                        ? EntityTag.conditional(request, reply)
                        : EntityTag.conditional(request, reply, essence),
                wait);
    }

    public static Reply unknown(Request request) {
        return Problem.notFound("no job has the id " + request.jobKey().jobId()).reply();
    }
}
