-- What a claim whose answer got lost had taken: rows of these keys that are ours already.
SELECT tenant_id, job_id, attempt, model, bundle, priority, input, preview_every, steps, traceparent, created_at,
       crashes, express, NULL::double precision AS dispatch_seconds,
       extract(epoch FROM started_at + make_interval(secs => timeout_seconds) - now())::float8 AS seconds_left, timeout_seconds,
       coalesce((SELECT weight FROM tenant WHERE tenant.tenant_id = job.tenant_id), 1) AS weight
FROM job
JOIN unnest(:tenants::text[], :jobs::uuid[]) AS wanted (tenant_id, job_id) USING (tenant_id, job_id)
WHERE state = 'running' AND owner = :owner
ORDER BY priority DESC, tenant_id, job_id
