-- What happened to each of these jobs after the event that its client has. That the job was queued at first is no row of
-- its own: the job itself says it, under an id before all others.
SELECT asked.tenant_id, asked.job_id, event.event_id, event.type, event.attempt, event.data, event.created_at
FROM unnest(:tenant_ids::text[], :job_ids::uuid[], :after::bigint[]) AS asked (tenant_id, job_id, after)
CROSS JOIN LATERAL (
    SELECT 0::bigint AS event_id, 'queued' AS type, 0 AS attempt, NULL::jsonb AS data, job.created_at
    FROM job
    WHERE job.tenant_id = asked.tenant_id AND job.job_id = asked.job_id AND asked.after < 0
    UNION ALL
    SELECT row.event_id, row.type, row.attempt, row.data, row.created_at
    FROM job_event AS row
    WHERE row.tenant_id = asked.tenant_id AND row.job_id = asked.job_id AND row.event_id > asked.after) AS event
ORDER BY asked.tenant_id, asked.job_id, event.event_id
