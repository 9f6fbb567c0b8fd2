-- Takes every job of a poll that is still to be had, in one statement. Rows are locked in key order, as everywhere, so that
-- two workers holding the same records cannot deadlock. Waits for a row that is being written instead of skipping it: its
-- record would otherwise be gone. Durable, because an attempt number must never be handed out twice.
WITH wanted AS (
    SELECT job.tenant_id, job.job_id, job.released_at
    FROM job
    JOIN unnest(:tenants::text[], :jobs::uuid[]) AS wanted (tenant_id, job_id) USING (tenant_id, job_id)
    WHERE job.state = 'queued'
      AND job.available_at <= now()
      AND (job.deadline IS NULL OR job.deadline > now() OR job.started_at IS NOT NULL)
    ORDER BY job.tenant_id, job.job_id
    FOR UPDATE OF job
), canceled AS (
    UPDATE job
    SET state = 'canceled', finished_at = now(), released_at = NULL
    FROM wanted
    WHERE job.tenant_id = wanted.tenant_id AND job.job_id = wanted.job_id AND job.cancel_requested_at IS NOT NULL
    RETURNING job.tenant_id, job.job_id, job.attempt
), claimed AS (
    UPDATE job
    SET state = 'running',
        attempt = job.attempt + 1,
        owner = :owner,
        lease_until = now() + make_interval(secs => :lease),
        started_at = coalesce(job.started_at, now()),
        released_at = NULL,
        step = 0,
        resumed_from_step = NULL
    FROM wanted
    WHERE job.tenant_id = wanted.tenant_id AND job.job_id = wanted.job_id AND job.cancel_requested_at IS NULL
    RETURNING job.*, extract(epoch FROM now() - wanted.released_at)::double precision AS dispatch_seconds
), told AS (
    INSERT INTO job_event (tenant_id, job_id, type, attempt)
    SELECT tenant_id, job_id, 'started', attempt FROM claimed
    UNION ALL
    SELECT tenant_id, job_id, 'canceled', attempt FROM canceled
)
SELECT tenant_id, job_id, attempt, model, bundle, priority, input, preview_every, steps, traceparent, created_at,
       crashes, express, dispatch_seconds,
       extract(epoch FROM started_at + make_interval(secs => timeout_seconds) - now())::float8 AS seconds_left, timeout_seconds,
       coalesce((SELECT weight FROM tenant WHERE tenant.tenant_id = claimed.tenant_id), 1) AS weight
FROM claimed
ORDER BY priority DESC, tenant_id, job_id
