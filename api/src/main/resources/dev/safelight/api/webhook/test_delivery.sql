INSERT INTO webhook_delivery (tenant_id, delivery_id, endpoint_id, event, occurred_at, target)
SELECT tenant_id, :delivery_id, endpoint_id, 'test', now(), :target
FROM webhook_endpoint
WHERE tenant_id = :tenant_id AND endpoint_id = :endpoint_id AND disabled_at IS NULL
