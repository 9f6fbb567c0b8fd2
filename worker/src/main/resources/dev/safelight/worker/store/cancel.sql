WITH done AS (
    UPDATE job
    SET state = 'canceled', finished_at = now(), owner = NULL, lease_until = NULL, alone = false,
        evaluations = :evaluations, device_seconds = :device_seconds
    WHERE tenant_id = :tenant AND job_id = :job AND attempt = :attempt AND owner = :owner AND state = 'running'
    RETURNING tenant_id, job_id, attempt
), told AS (
    INSERT INTO job_event (tenant_id, job_id, type, attempt)
    SELECT tenant_id, job_id, 'canceled', attempt FROM done
)
SELECT count(*)::int FROM done
