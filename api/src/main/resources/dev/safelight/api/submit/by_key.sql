-- A key binds for a day.
SELECT job_id, request_hash, created_at > now() - interval '24 hours' AS fresh
FROM job
WHERE tenant_id = :tenant_id AND idempotency_key = :idempotency_key
