UPDATE job
SET idempotency_key = NULL, request_hash = NULL
WHERE tenant_id = :tenant_id AND idempotency_key = :idempotency_key AND created_at <= now() - interval '24 hours'
