-- A queued job ends here and now; of a running one its worker is asked to let go. If the job moves between the two while
-- we wait for its row, Postgres looks at it again, so one statement decides.
WITH moved AS (
    UPDATE job
    SET state = CASE state WHEN 'queued' THEN 'canceled' ELSE state END,
        finished_at = CASE state WHEN 'queued' THEN now() END,
        released_at = NULL,
        cancel_requested_at = coalesce(cancel_requested_at, now())
    WHERE tenant_id = :tenant_id AND job_id = :job_id AND state IN ('queued', 'running')
    RETURNING tenant_id, job_id, attempt, state
), told AS (
    INSERT INTO job_event (tenant_id, job_id, type, attempt)
    SELECT tenant_id, job_id, 'canceled', attempt
    FROM moved
    WHERE state = 'canceled'
)
SELECT state FROM moved
