-- What tenants have running or on its way to a worker, in all queues.
SELECT held.tenant_id, count(*)::int AS jobs
FROM (
    SELECT tenant_id
    FROM job
    WHERE state = 'running' AND tenant_id = ANY (:tenants)
    UNION ALL
    SELECT tenant_id
    FROM job
    WHERE released_at >= now() - make_interval(secs => :stale) AND tenant_id = ANY (:tenants)
) AS held
GROUP BY held.tenant_id
