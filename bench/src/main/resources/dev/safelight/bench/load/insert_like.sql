INSERT INTO job (tenant_id, job_id, queue, model, bundle, priority, input, steps)
VALUES (?, ?, ?, ?, ?, ?, ?::jsonb, ?)
