-- The worker hands the job back. A retryable error is a strike, and so is a model, a bundle version or an option that this
-- worker does not know. The last allowed strike ends the job. Draining is nobody's fault. A client that asked for a cancel
-- gets it.
WITH mine AS (
    SELECT tenant_id, job_id,
           CASE WHEN cancel_requested_at IS NOT NULL THEN 'canceled'
                WHEN :strike AND strikes + 1 >= max_attempts THEN 'failed'
                ELSE 'queued' END AS becomes
    FROM job
    WHERE tenant_id = :tenant AND job_id = :job AND attempt = :attempt AND owner = :owner AND state = 'running'
    FOR UPDATE
), moved AS (
    UPDATE job
    SET state = mine.becomes,
        owner = NULL,
        lease_until = NULL,
        alone = false,
        evaluations = :evaluations,
        device_seconds = :device_seconds,
        strikes = strikes + CASE WHEN :strike THEN 1 ELSE 0 END,
        available_at = now() + make_interval(secs => :delay * power(2, least(CASE WHEN :strike THEN strikes ELSE 0 END, 20))),
        finished_at = CASE WHEN mine.becomes <> 'queued' THEN now() END,
        error = CASE WHEN mine.becomes = 'failed' OR :strike THEN :error::jsonb ELSE error END
    FROM mine
    WHERE job.tenant_id = mine.tenant_id AND job.job_id = mine.job_id
    RETURNING job.tenant_id, job.job_id, job.attempt, job.state
), told AS (
    INSERT INTO job_event (tenant_id, job_id, type, attempt, data)
    SELECT tenant_id, job_id, CASE state WHEN 'queued' THEN 'returned' ELSE state END, attempt,
           CASE WHEN state <> 'canceled' THEN :error::jsonb END
    FROM moved
)
SELECT state FROM moved
