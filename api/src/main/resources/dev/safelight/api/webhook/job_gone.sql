-- The receiver of one job's webhook wants no more of it.
UPDATE webhook_delivery
SET state = 'failed', settled_at = now(), error = :error
WHERE tenant_id = :tenant_id AND job_id = :job_id AND endpoint_id IS NULL AND state = 'pending'
