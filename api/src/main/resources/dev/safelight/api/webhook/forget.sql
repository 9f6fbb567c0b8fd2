WITH old AS (
    SELECT tenant_id, delivery_id
    FROM webhook_delivery
    WHERE state <> 'pending' AND settled_at < now() - make_interval(secs => :keep)
    ORDER BY settled_at
    LIMIT :most
    FOR UPDATE SKIP LOCKED
)
DELETE FROM webhook_delivery
USING old
WHERE webhook_delivery.tenant_id = old.tenant_id AND webhook_delivery.delivery_id = old.delivery_id
