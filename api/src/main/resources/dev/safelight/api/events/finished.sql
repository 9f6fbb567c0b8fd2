-- Terminal, or no longer there: either way nothing is left to wait for.
SELECT asked.tenant_id, asked.job_id
FROM unnest(:tenant_ids::text[], :job_ids::uuid[]) AS asked (tenant_id, job_id)
LEFT JOIN job USING (tenant_id, job_id)
WHERE job.state IS NULL OR job.state NOT IN ('queued', 'running')
