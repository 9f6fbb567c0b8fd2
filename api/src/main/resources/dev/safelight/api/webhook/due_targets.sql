-- Targets that have something due and room for it; each is one tenant's. Walks the index from target to target, so that
-- ten thousand deliveries to a dead receiver cost no more than one.
WITH RECURSIVE waiting (target, tenant_id) AS (
    (SELECT target, tenant_id
     FROM webhook_delivery
     WHERE state = 'pending' AND target > :after
     ORDER BY target
     LIMIT 1)
    UNION ALL
    SELECT next.target, next.tenant_id
    FROM waiting
    CROSS JOIN LATERAL (
        SELECT delivery.target, delivery.tenant_id
        FROM webhook_delivery AS delivery
        WHERE delivery.state = 'pending' AND delivery.target > waiting.target
        ORDER BY delivery.target
        LIMIT 1) AS next
)
SELECT target, tenant_id
FROM waiting
WHERE NOT target = ANY (:full::text[])
  AND NOT tenant_id = ANY (:full_tenants::text[])
  AND EXISTS (SELECT FROM webhook_delivery AS delivery
              WHERE delivery.state = 'pending' AND delivery.target = waiting.target
                AND delivery.next_attempt_at <= now())
  AND NOT EXISTS (SELECT FROM webhook_pause AS pause WHERE pause.target = waiting.target AND pause.until > now())
LIMIT :most
