-- A late success counts as well: the message has arrived.
WITH attempt AS (
    UPDATE webhook_attempt
    SET duration_ms = :duration, status = :status, reply = :reply
    WHERE tenant_id = :tenant_id AND delivery_id = :delivery_id AND attempt = :attempt
)
UPDATE webhook_delivery
SET state = 'delivered', settled_at = now(), error = NULL
WHERE tenant_id = :tenant_id AND delivery_id = :delivery_id AND state <> 'delivered'
