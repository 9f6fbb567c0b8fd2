-- Under the fence: the lock keeps each job from ending or moving before this commits, so that no row is left behind one
-- that has ended. Rows are locked in key order, as everywhere. An earlier attempt's, or an earlier one of this attempt, is
-- replaced; a later one stays.
WITH mine AS (
    SELECT job.tenant_id, job.job_id, job.attempt, saved.advance, saved.content, saved.object_key
    FROM job
    JOIN unnest(:tenants::text[], :jobs::uuid[], :attempts::int[], :advances::bigint[], :contents::bytea[], :keys::text[])
        AS saved (tenant_id, job_id, attempt, advance, content, object_key) USING (tenant_id, job_id)
    WHERE job.attempt = saved.attempt AND job.owner = :owner AND job.state = 'running'
    ORDER BY job.tenant_id, job.job_id
    FOR SHARE OF job
)
INSERT INTO checkpoint (tenant_id, job_id, attempt, advance, content, object_key)
SELECT tenant_id, job_id, attempt, advance, content, object_key
FROM mine
ON CONFLICT (tenant_id, job_id) DO UPDATE
SET attempt = excluded.attempt, advance = excluded.advance, content = excluded.content,
    object_key = excluded.object_key, saved_at = now()
WHERE checkpoint.attempt < excluded.attempt
   OR checkpoint.attempt = excluded.attempt AND checkpoint.advance < excluded.advance
RETURNING tenant_id, job_id, attempt
