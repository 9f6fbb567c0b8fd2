-- What runs on live workers, and what stands in Kafka and is not yet given up as lost.
SELECT flying.tenant_id, flying.priority, flying.express, count(*)::int AS jobs, coalesce(max(tenant.weight), 1) AS weight
FROM (
    SELECT tenant_id, priority, express
    FROM job
    WHERE queue = :queue AND state = 'running' AND owner = ANY (:workers)
    UNION ALL
    SELECT tenant_id, priority, express
    FROM job
    WHERE queue = :queue AND released_at >= now() - make_interval(secs => :stale)
) AS flying
LEFT JOIN tenant USING (tenant_id)
GROUP BY flying.tenant_id, flying.priority, flying.express
