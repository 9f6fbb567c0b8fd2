SELECT state, attempt FROM job WHERE tenant_id = :tenant AND job_id = :job
