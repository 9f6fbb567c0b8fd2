-- Gives up expired outputs, some at a time. Their rows stay, and say so; their objects are removed after the commit, and
-- by the walk through the store if that fails.
UPDATE job_output
SET swept_at = now()
FROM (SELECT tenant_id, job_id, ordinal
      FROM job_output
      WHERE expires_at <= now() AND swept_at IS NULL
      ORDER BY expires_at
      LIMIT :most
      FOR UPDATE SKIP LOCKED) AS due
WHERE job_output.tenant_id = due.tenant_id AND job_output.job_id = due.job_id AND job_output.ordinal = due.ordinal
RETURNING job_output.object_key
