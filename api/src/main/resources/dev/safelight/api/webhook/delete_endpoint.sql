-- What waits for it goes along; what was settled stays to be looked at until it is old.
WITH waiting AS (
    DELETE FROM webhook_delivery
    WHERE target = :target AND tenant_id = :tenant_id AND endpoint_id = :endpoint_id AND state = 'pending'
)
DELETE FROM webhook_endpoint WHERE tenant_id = :tenant_id AND endpoint_id = :endpoint_id
