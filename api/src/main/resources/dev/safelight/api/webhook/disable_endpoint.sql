UPDATE webhook_endpoint
SET disabled_at = now(), disabled_reason = :reason
WHERE tenant_id = :tenant_id AND endpoint_id = :endpoint_id AND disabled_at IS NULL
