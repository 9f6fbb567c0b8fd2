package dev.safelight.api.submit;

import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.query.GetJob;
import dev.safelight.api.query.JobQueries;
import dev.safelight.api.query.JobRow;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.Sql;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code DELETE /v1/jobs/{job_id}}: a terminal job and its outputs. The rows go first: an image without a row is swept
 * later, a row without its image would be a lie.
 */
public final class DeleteJob implements Handler {
    private static final Logger LOG = LoggerFactory.getLogger(DeleteJob.class);
    private static final String DELETE = Sql.of(DeleteJob.class, "delete");

    private final Jdbi jdbi;
    private final JobQueries jobs;
    private final ObjectStore store;

    private record Deleted(boolean gone, List<String> objectKeys) {}

    public DeleteJob(Database database, JobQueries jobs, ObjectStore store) {
        this.jdbi = database.jdbi();
        this.jobs = jobs;
        this.store = store;
    }

    @Override
    public Reply handle(Request request) {
        JobKey key = request.jobKey();
        Deleted deleted = jdbi.withHandle(handle -> handle.createQuery(DELETE)
                .bind("tenant_id", key.tenantId())
                .bind("job_id", key.jobId())
                .map((row, context) -> new Deleted(row.getBoolean("gone"), List.of((String[])
                        row.getArray("object_keys").getArray())))
                .one());
        if (deleted.gone()) {
            deleted.objectKeys().forEach(this::remove);
            return Reply.empty(204);
        }
        Optional<JobRow> job = jobs.find(key);
        if (job.isEmpty()) {
            return GetJob.unknown(request);
        }
        String detail = "the job is " + job.get().state().word() + "; cancel it, or wait for its end";
        return new Problem(409, "not_terminal", detail).reply();
    }

    private void remove(String objectKey) {
        try {
            store.delete(objectKey);
        } catch (IOException e) {
            LOG.warn("{} is left to the sweeper: {}", objectKey, e.getMessage());
        }
    }
}
