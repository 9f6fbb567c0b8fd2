WITH done AS (
    UPDATE job
    SET state = 'failed', finished_at = now(), owner = NULL, lease_until = NULL, alone = false, error = :error::jsonb,
        evaluations = :evaluations, device_seconds = :device_seconds
    WHERE tenant_id = :tenant AND job_id = :job AND attempt = :attempt AND owner = :owner AND state = 'running'
    RETURNING tenant_id, job_id, attempt, error
), told AS (
    INSERT INTO job_event (tenant_id, job_id, type, attempt, data)
    SELECT tenant_id, job_id, 'failed', attempt, error FROM done
)
SELECT count(*)::int FROM done
