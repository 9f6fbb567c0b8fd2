-- What claims do, for all jobs at once.
WITH moved AS (
    UPDATE job
    SET state = 'running', attempt = attempt + 1, owner = gen_random_uuid(), lease_until = now() + interval '1 hour',
        started_at = coalesce(started_at, now())
    WHERE state = 'queued'
    RETURNING tenant_id, job_id, attempt
)
INSERT INTO job_event (tenant_id, job_id, type, attempt)
SELECT tenant_id, job_id, 'started', attempt FROM moved
