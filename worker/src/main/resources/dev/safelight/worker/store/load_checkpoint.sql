SELECT checkpoint.content, checkpoint.object_key
FROM checkpoint
JOIN job USING (tenant_id, job_id)
WHERE job.tenant_id = :tenant AND job.job_id = :job
  AND job.attempt = :attempt AND job.owner = :owner AND job.state = 'running'
