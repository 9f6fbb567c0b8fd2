-- A job that was claimed meanwhile keeps its state: its record had arrived after all.
WITH unpublished AS (
    SELECT job.tenant_id, job.job_id
    FROM job
    JOIN unnest(:tenants::text[], :jobs::uuid[]) AS chosen (tenant_id, job_id) USING (tenant_id, job_id)
    WHERE job.state = 'queued'
    ORDER BY job.tenant_id, job.job_id
    FOR UPDATE OF job
)
UPDATE job
SET released_at = NULL
FROM unpublished
WHERE job.tenant_id = unpublished.tenant_id AND job.job_id = unpublished.job_id
