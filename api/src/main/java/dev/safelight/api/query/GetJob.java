package dev.safelight.api.query;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.api.http.EntityTag;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Prefer;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.common.wire.Json;
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
        return Prefer.applied(tagged(request, view), wait);
    }

    /** The tag leaves out what changes with the time of day alone while the job stands where it stood. */
    private static Reply tagged(Request request, JobView view) {
        Reply reply = Reply.json(200, view);
        ObjectNode essence = Json.MAPPER.valueToTree(view);
        boolean guessed = essence.path("queue") instanceof ObjectNode queue && queue.remove("estimated_start") != null;
        guessed |= essence.path("progress") instanceof ObjectNode progress && progress.remove("eta") != null;
        return guessed ? EntityTag.conditional(request, reply, essence) : EntityTag.conditional(request, reply);
    }

    public static Reply unknown(Request request) {
        return Problem.notFound("no job has the id " + request.jobKey().jobId()).reply();
    }
}
