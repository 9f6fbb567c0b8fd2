-- Who is taken before this job, counted up to a bound. Age is only ordered within a tenant in the index, so the tenants
-- are walked one by one; a plain comparison of ids would read the whole table once it is large.
WITH RECURSIVE tenants (tenant_id) AS (
    (SELECT tenant_id
     FROM job
     WHERE queue = :queue AND state = 'queued' AND priority = :priority
     ORDER BY tenant_id
     LIMIT 1)
    UNION ALL
    SELECT next.tenant_id
    FROM tenants
    CROSS JOIN LATERAL (
        SELECT job.tenant_id
        FROM job
        WHERE job.queue = :queue AND job.state = 'queued' AND job.priority = :priority
          AND job.tenant_id > tenants.tenant_id
        ORDER BY job.tenant_id
        LIMIT 1) AS next
)
SELECT count(*)::integer
FROM (
    SELECT FROM (
        SELECT FROM job
        WHERE queue = :queue AND state = 'queued' AND priority > :priority
        ORDER BY priority DESC
        LIMIT :most) AS more_urgent
    UNION ALL
    SELECT FROM tenants
    CROSS JOIN LATERAL (
        SELECT FROM job
        WHERE job.queue = :queue AND job.state = 'queued' AND job.priority = :priority
          AND job.tenant_id = tenants.tenant_id AND job.job_id < :job_id
        ORDER BY job.job_id
        LIMIT :most) AS older
    LIMIT :most) AS ahead
