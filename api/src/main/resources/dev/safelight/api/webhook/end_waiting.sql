-- What waits for an endpoint ends with it; a replay can bring it back.
UPDATE webhook_delivery
SET state = 'failed', settled_at = now(), error = :error
WHERE tenant_id = :tenant_id AND target = :target AND endpoint_id = :endpoint_id AND state = 'pending'
