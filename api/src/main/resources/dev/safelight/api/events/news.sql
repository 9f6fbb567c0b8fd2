-- The watched jobs of which there is something to tell: they are over, or have a later event than the one that was seen.
-- A job that is no longer there is over too. The latest event is one step into the primary key.
SELECT asked.tenant_id, asked.job_id, coalesce(job.state NOT IN ('queued', 'running'), true) AS over,
       coalesce(latest.event_id, 0) AS latest_event
FROM unnest(:tenant_ids::text[], :job_ids::uuid[], :seen::bigint[]) AS asked (tenant_id, job_id, seen)
LEFT JOIN job USING (tenant_id, job_id)
LEFT JOIN LATERAL (
    SELECT event.event_id
    FROM job_event AS event
    WHERE event.tenant_id = asked.tenant_id AND event.job_id = asked.job_id
    ORDER BY event.event_id DESC
    LIMIT 1) AS latest ON true
WHERE job.state IS NULL OR job.state NOT IN ('queued', 'running') OR latest.event_id > asked.seen
