-- Renews the leases of all jobs of a worker. A job that does not come back is no longer the worker's.
WITH mine AS (
    SELECT job.tenant_id, job.job_id, beat.step, beat.evaluations, beat.device_seconds
    FROM job
    JOIN unnest(:tenants::text[], :jobs::uuid[], :attempts::int[], :steps::int[], :evaluations::bigint[],
                :device_seconds::double precision[])
        AS beat (tenant_id, job_id, attempt, step, evaluations, device_seconds) USING (tenant_id, job_id)
    WHERE job.attempt = beat.attempt AND job.owner = :owner AND job.state = 'running'
    ORDER BY job.tenant_id, job.job_id
    FOR UPDATE OF job
)
UPDATE job
SET lease_until = now() + make_interval(secs => :lease),
    step = least(greatest(mine.step, job.step), job.steps),
    evaluations = mine.evaluations,
    device_seconds = mine.device_seconds
FROM mine
WHERE job.tenant_id = mine.tenant_id AND job.job_id = mine.job_id
RETURNING job.tenant_id, job.job_id, job.attempt, job.cancel_requested_at IS NOT NULL AS cancel_requested
