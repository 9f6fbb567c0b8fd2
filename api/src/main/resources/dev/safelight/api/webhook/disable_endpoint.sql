-- What waits for an endpoint ends with it; a replay can bring it back.
WITH disabled AS (
    UPDATE webhook_endpoint
    SET disabled_at = now(), disabled_reason = :reason
    WHERE tenant_id = :tenant_id AND endpoint_id = :endpoint_id AND disabled_at IS NULL
)
UPDATE webhook_delivery
SET state = 'failed', settled_at = now(), error = :error
WHERE tenant_id = :tenant_id AND target = :target AND endpoint_id = :endpoint_id AND state = 'pending'
