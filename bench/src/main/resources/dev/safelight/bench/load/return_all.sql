-- What a draining worker does, for all jobs at once.
WITH moved AS (
    UPDATE job
    SET state = 'queued', owner = NULL, lease_until = NULL
    WHERE state = 'running'
    RETURNING tenant_id, job_id, attempt
)
INSERT INTO job_event (tenant_id, job_id, type, attempt, data)
SELECT tenant_id, job_id, 'returned', attempt, '{"code": "draining", "message": "the worker is shutting down"}' FROM moved
