UPDATE job
SET resumed_from_step = :step, step = least(greatest(step, :step), steps)
WHERE tenant_id = :tenant AND job_id = :job AND attempt = :attempt AND owner = :owner AND state = 'running'
