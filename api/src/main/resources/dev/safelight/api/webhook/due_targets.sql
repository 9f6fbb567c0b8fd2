-- Targets that have something due and room for it. Walks the index from target to target, so that ten thousand
-- deliveries to a dead receiver cost no more than one.
WITH RECURSIVE waiting (target) AS (
    (SELECT target
     FROM webhook_delivery
     WHERE state = 'pending' AND target > :after
     ORDER BY target
     LIMIT 1)
    UNION ALL
    SELECT next.target
    FROM waiting
    CROSS JOIN LATERAL (
        SELECT delivery.target
        FROM webhook_delivery AS delivery
        WHERE delivery.state = 'pending' AND delivery.target > waiting.target
        ORDER BY delivery.target
        LIMIT 1) AS next
)
SELECT target
FROM waiting
WHERE NOT target = ANY (:full::text[])
  AND EXISTS (SELECT FROM webhook_delivery AS delivery
              WHERE delivery.state = 'pending' AND delivery.target = waiting.target
                AND delivery.next_attempt_at <= now())
  AND NOT EXISTS (SELECT FROM webhook_pause AS pause WHERE pause.target = waiting.target AND pause.until > now())
LIMIT :most
