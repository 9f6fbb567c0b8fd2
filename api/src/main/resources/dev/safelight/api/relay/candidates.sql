-- The oldest waiting jobs of each tenant at each priority. Walks the index from tenant to tenant, so that a flood of one
-- tenant costs no more than its first few rows.
WITH RECURSIVE waiting (priority, tenant_id) AS (
    SELECT urgency.priority, first.tenant_id
    FROM (VALUES (2), (1), (0)) AS urgency (priority)
    CROSS JOIN LATERAL (
        SELECT job.tenant_id
        FROM job
        WHERE job.queue = :queue AND job.state = 'queued' AND job.priority = urgency.priority
        ORDER BY job.tenant_id
        LIMIT 1) AS first
    UNION ALL
    SELECT waiting.priority, next.tenant_id
    FROM waiting
    CROSS JOIN LATERAL (
        SELECT job.tenant_id
        FROM job
        WHERE job.queue = :queue AND job.state = 'queued' AND job.priority = waiting.priority
          AND job.tenant_id > waiting.tenant_id
        ORDER BY job.tenant_id
        LIMIT 1) AS next
)
SELECT oldest.tenant_id, oldest.job_id, waiting.priority, oldest.traceparent, coalesce(tenant.weight, 1) AS weight,
       tenant.most_running
FROM (SELECT * FROM waiting LIMIT :groups) AS waiting
CROSS JOIN LATERAL (
    SELECT job.tenant_id, job.job_id, job.traceparent
    FROM job
    WHERE job.queue = :queue AND job.state = 'queued'
      AND job.priority = waiting.priority AND job.tenant_id = waiting.tenant_id
      AND job.available_at <= now()
      AND (job.deadline IS NULL OR job.deadline > now() OR job.started_at IS NOT NULL)
      AND (job.released_at IS NULL OR job.released_at < now() - make_interval(secs => :stale))
    ORDER BY job.job_id
    LIMIT :each) AS oldest
LEFT JOIN tenant ON tenant.tenant_id = oldest.tenant_id
ORDER BY waiting.priority DESC, oldest.tenant_id, oldest.job_id
