package dev.safelight.api.query;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.validate.Violation;
import dev.safelight.common.job.JobState;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** {@code GET /v1/jobs}: newest first. A page after a cursor is the same whatever was submitted since. */
public final class ListJobs implements Handler {
    private final JobQueries jobs;
    private final JobViews views;

    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Page(List<JobView> jobs, String nextCursor) {}

    public ListJobs(JobQueries jobs, JobViews views) {
        this.jobs = jobs;
        this.views = views;
    }

    @Override
    public Reply handle(Request request) {
        Optional<String> cursor = request.text("cursor");
        Optional<UUID> before = cursor.flatMap(Cursor::read);
        if (cursor.isPresent() && before.isEmpty()) {
            String detail = "this is no next_cursor of a page of this list";
            return Problem.invalid(400, List.of(new Violation("wrong_format", "query", "cursor", detail)))
                    .reply();
        }
        JobQueries.Filter filter =
                new JobQueries.Filter(request.text("state").map(JobState::of), request.text("model"), before);
        int limit = request.integer("limit");
        // One more than asked for says whether there is another page.
        List<JobRow> rows = jobs.page(request.tenantId(), filter, limit + 1);
        List<JobRow> page = rows.subList(0, Math.min(limit, rows.size()));
        String next = rows.size() > limit ? Cursor.after(page.getLast().key().jobId()) : null;
        return Reply.json(200, new Page(page.stream().map(views::brief).toList(), next));
    }
}
