-- Takes jobs away from workers that no longer beat. A crash beside others is nobody's proven fault; a crash while alone is
-- a strike, and the last allowed strike ends the job. When Postgres itself was away, leases lapsed because nobody could
-- renew them: the workers get a moment to do so, or to hand their jobs back. A job whose time is up is failed; its worker,
-- which should have noticed by itself, is given a while, and then need not be dead.
WITH lost AS (
    SELECT tenant_id, job_id,
           lease_until < now() AS abandoned,
           coalesce(started_at + make_interval(secs => timeout_seconds) <= now(), false) AS late,
           CASE WHEN cancel_requested_at IS NOT NULL THEN 'canceled'
                WHEN started_at + make_interval(secs => timeout_seconds) <= now() THEN 'failed'
                WHEN alone AND strikes + 1 >= max_attempts THEN 'failed'
                ELSE 'queued' END AS becomes
    FROM job
    WHERE state = 'running'
      AND (lease_until < now() OR started_at + make_interval(secs => timeout_seconds) < now() - make_interval(secs => :overtime))
      AND pg_postmaster_start_time() < now() - make_interval(secs => :grace)
    ORDER BY tenant_id, job_id
    LIMIT :most
    FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE job
    SET state = lost.becomes,
        owner = NULL,
        lease_until = NULL,
        alone = false,
        crashes = crashes + CASE WHEN lost.abandoned THEN 1 ELSE 0 END,
        strikes = strikes + CASE WHEN alone AND lost.abandoned THEN 1 ELSE 0 END,
        available_at = now() + least(
            make_interval(secs => :backoff_first * power(2, least(crashes, 30))), make_interval(secs => :backoff_most)),
        finished_at = CASE WHEN lost.becomes <> 'queued' THEN now() END,
        error = CASE WHEN lost.becomes = 'canceled' THEN error
                WHEN lost.late THEN jsonb_build_object('code', 'timeout', 'message', 'the job took longer than its timeout of ' || timeout_seconds || ' s')
                ELSE jsonb_build_object('code', 'worker_lost', 'message', 'the worker died or was cut off during attempt ' || attempt) END
    FROM lost
    WHERE job.tenant_id = lost.tenant_id AND job.job_id = lost.job_id
    RETURNING job.tenant_id, job.job_id, job.attempt, job.state, job.error
), told AS (
    INSERT INTO job_event (tenant_id, job_id, type, attempt, data)
    SELECT tenant_id, job_id, CASE state WHEN 'queued' THEN 'returned' ELSE state END, attempt, error
    FROM moved
)
SELECT state, count(*)::int AS jobs FROM moved GROUP BY state
