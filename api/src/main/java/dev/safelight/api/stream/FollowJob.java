package dev.safelight.api.stream;

import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.query.GetJob;
import dev.safelight.api.query.JobQueries;
import dev.safelight.api.query.JobRow;
import dev.safelight.common.job.JobKey;
import java.util.Optional;

/** {@code GET /v1/jobs/{job_id}/events}: what happens to a job, as it happens, as server-sent events. */
public final class FollowJob implements Handler {
    private static final long NOTHING = -1;

    private final JobQueries jobs;
    private final EventStreams streams;

    public FollowJob(JobQueries jobs, EventStreams streams) {
        this.jobs = jobs;
        this.streams = streams;
    }

    @Override
    public Reply handle(Request request) {
        JobKey key = request.jobKey();
        Optional<JobRow> job = jobs.find(key);
        if (job.isEmpty()) {
            return GetJob.unknown(request);
        }
        long position = position(request);
        if (job.get().state().terminal() && !streams.anythingAfter(key, position)) {
            // The one answer after which an EventSource does not come back.
            return Reply.empty(204);
        }
        return Reply.live(200, "text/event-stream", streams.follow(key, position))
                .with("Cache-Control", "no-store")
                // nginx would collect what is to be seen at once.
                .with("X-Accel-Buffering", "no");
    }

    /** What the client has already. The header is younger than the query, which an EventSource repeats for ever. */
    private static long position(Request request) {
        return request.text("Last-Event-ID")
                .or(() -> request.text("last_event_id"))
                .filter(text -> !text.isEmpty())
                .map(Long::parseLong)
                .orElse(NOTHING);
    }
}
