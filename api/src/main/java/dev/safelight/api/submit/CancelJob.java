package dev.safelight.api.submit;

import dev.safelight.api.events.CancelNotices;
import dev.safelight.api.events.JobWatch;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.query.GetJob;
import dev.safelight.api.query.JobQueries;
import dev.safelight.api.query.JobRow;
import dev.safelight.api.query.JobViews;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;

/** {@code POST /v1/jobs/{job_id}/cancel}. */
public final class CancelJob implements Handler {
    private static final String CANCEL = Sql.of(CancelJob.class, "cancel");

    private final Jdbi jdbi;
    private final JobQueries jobs;
    private final JobViews views;
    private final CancelNotices notices;
    private final JobWatch watch;
    private final Runnable wake;

    /** @param wake told when a queued job left the queue; the relay's */
    public CancelJob(
            Database database, JobQueries jobs, JobViews views, CancelNotices notices, JobWatch watch, Runnable wake) {
        this.jdbi = database.jdbi();
        this.jobs = jobs;
        this.views = views;
        this.notices = notices;
        this.watch = watch;
        this.wake = wake;
    }

    @Override
    public Reply handle(Request request) {
        JobKey key = request.jobKey();
        Optional<JobState> became = jdbi.withHandle(handle -> handle.createQuery(CANCEL)
                .bind("tenant_id", key.tenantId())
                .bind("job_id", key.jobId())
                .map((row, context) -> JobState.of(row.getString("state")))
                .findOne());
        became.ifPresent(state -> tell(key, state));
        Optional<JobRow> job = jobs.find(key);
        if (job.isEmpty()) {
            return GetJob.unknown(request);
        }
        if (became.isEmpty()) {
            String detail = "the job is " + job.get().state().word() + "; there is nothing to cancel";
            return new Problem(409, "already_terminal", detail).reply();
        }
        return Reply.json(became.get() == JobState.CANCELED ? 200 : 202, views.brief(job.get()));
    }

    private void tell(JobKey key, JobState state) {
        if (state == JobState.CANCELED) {
            watch.hint(key, true);
            wake.run();
        } else {
            notices.tell(key);
        }
    }
}
