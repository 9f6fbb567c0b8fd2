INSERT INTO job (tenant_id, job_id, queue, model, bundle, input, steps, state, attempt, owner, lease_until, started_at)
VALUES (:tenant, :job, 'default', 'fashion', 'bench', '{}', 1000, 'running', 1, :owner, now() + interval '1 day', now())
