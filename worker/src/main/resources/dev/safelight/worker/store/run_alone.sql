-- From here on a crash is this job's own. Durable: the crash may come with the next step.
UPDATE job
SET alone = true
WHERE tenant_id = :tenant AND job_id = :job AND attempt = :attempt AND owner = :owner AND state = 'running'
