-- A deadline is the latest start: a job that once started and came back is not expired by it.
WITH late AS (
    SELECT tenant_id, job_id
    FROM job
    WHERE state = 'queued' AND deadline IS NOT NULL AND started_at IS NULL AND deadline < now()
    ORDER BY tenant_id, job_id
    LIMIT :most
    FOR UPDATE SKIP LOCKED
), expired AS (
    UPDATE job
    SET state = 'expired', finished_at = now(), released_at = NULL
    FROM late
    WHERE job.tenant_id = late.tenant_id AND job.job_id = late.job_id
    RETURNING job.tenant_id, job.job_id, job.attempt
)
INSERT INTO job_event (tenant_id, job_id, type, attempt)
SELECT tenant_id, job_id, 'expired', attempt FROM expired
