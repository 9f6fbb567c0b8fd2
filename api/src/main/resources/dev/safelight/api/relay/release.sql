-- A row that a client is cancelling right now is skipped; it will not be queued any more.
WITH chosen AS (
    SELECT * FROM unnest(:tenants::text[], :jobs::uuid[], :express::boolean[]) AS chosen (tenant_id, job_id, express)
), free AS (
    SELECT job.tenant_id, job.job_id, chosen.express, job.released_at IS NOT NULL AS again
    FROM job
    JOIN chosen USING (tenant_id, job_id)
    WHERE job.state = 'queued'
      AND (job.released_at IS NULL OR job.released_at < now() - make_interval(secs => :stale))
    ORDER BY job.tenant_id, job.job_id
    FOR UPDATE OF job SKIP LOCKED
)
UPDATE job
SET released_at = now(), express = free.express
FROM free
WHERE job.tenant_id = free.tenant_id AND job.job_id = free.job_id
RETURNING job.tenant_id, job.job_id, free.again
